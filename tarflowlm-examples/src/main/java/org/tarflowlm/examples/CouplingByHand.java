package org.tarflowlm.examples;

import java.util.Locale;
import org.tarflowlm.coupling.Affine;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.MixtureCdf;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.Workspace;

/**
 * The couplings on toy mixtures, without a network: u = f(z), log |det du/dz|, and back. The mixture's own map makes a density with two
 * peaks exactly normal; the affine map with the same mean and variance only shifts and scales it.
 */
public final class CouplingByHand {
  private CouplingByHand() {}

  public static void main(String... arguments) {
    Workspace workspace = new Workspace();
    scalar(workspace);
    vector(workspace);
  }

  /** Mix-1: 0.3 N(-2, 0.4^2) + 0.7 N(1, 0.6^2). */
  private static void scalar(Workspace workspace) {
    double[] theta = {Math.log(0.3), Math.log(0.7), -2, 1, Math.log(0.4), Math.log(0.6)};
    double mean = 0.3 * -2 + 0.7 * 1;
    double variance = 0.3 * (0.16 + 4) + 0.7 * (0.36 + 1) - mean * mean;
    System.out.println("mixture CDF             z        u   log|du/dz|  back to z   affine u");
    for (double z : new double[] {-6, -2, -0.5, 1, 6}) {
      double u = MixtureCdf.forward(z, theta, 0, 2, workspace);
      double logDet = workspace.logDet();
      System.out.printf(Locale.ROOT, "                 %8.3f %8.4f %12.4f %10.6f %10.4f%n", z, u, logDet,
          MixtureCdf.inverse(u, theta, 0, 2, workspace), Affine.forward(z, mean, 0.5 * Math.log(variance)));
    }
  }

  /** Mix-d: three isotropic components in the plane, around (-2, 0), (0, 2) and (2, -1). The map takes one dimension after the other. */
  private static void vector(Workspace workspace) {
    double[] means = {-2, 0, 0, 2, 2, -1};
    Components components = new Components(means, new double[] {Math.log(0.5), Math.log(0.3), Math.log(0.8)}, 3, 2);
    double[] logits = {0, 1, 0.5};
    System.out.println("mixture Rosenblatt     z              u             log|det|   back to z");
    for (double[] z : new double[][] {{-2, 0}, {0, 2}, {1, 0.5}, {4, -4}}) {
      double[] u = new double[2];
      MixtureRosenblatt.forward(z, 0, logits, 0, components, u, 0, workspace);
      double logDet = workspace.logDet();
      double[] back = new double[2];
      MixtureRosenblatt.inverse(u, 0, logits, 0, components, back, 0, workspace);
      System.out.printf(Locale.ROOT, "                (%5.1f, %5.1f) (%7.4f, %7.4f) %9.4f   (%.6f, %.6f)%n", z[0], z[1], u[0], u[1], logDet,
          back[0], back[1]);
    }
  }
}
