package org.tarflowlm.config;

/**
 * The encoder's codebook of isotropic Gaussians, one per token (paper section 3.1). The paper does not say how it starts; the
 * defaults are the ones that trained best here.
 *
 * @param sigma standard deviation that every component starts with; must be positive
 * @param sigmaMode what of sigma is learned
 * @param sigmaMin lower bound of sigma
 * @param meanScale standard deviation of the normal distribution that the means start from
 */
public record CodebookSpec(Double sigma, SigmaMode sigmaMode, Double sigmaMin, Double meanScale) {

  /** What of the codebook's standard deviations is learned. */
  public enum SigmaMode {
    PER_TOKEN,
    SHARED,
    FIXED
  }

  public CodebookSpec {
    sigma = sigma == null ? 0.1 : sigma;
    sigmaMode = sigmaMode == null ? SigmaMode.PER_TOKEN : sigmaMode;
    sigmaMin = sigmaMin == null ? 1e-3 : sigmaMin;
    meanScale = meanScale == null ? 1.0 : meanScale;
    ConfigException.requirePositive("sigma", sigma);
    ConfigException.requirePositive("sigmaMin", sigmaMin);
    ConfigException.requirePositive("meanScale", meanScale);
    if (sigma < sigmaMin) {
      throw new ConfigException("sigma", "is " + sigma + "; expected at least sigmaMin " + sigmaMin);
    }
  }

  public static CodebookSpec defaults() {
    return new CodebookSpec(null, null, null, null);
  }
}
