package org.tarflowlm.kernel;

import static org.bytedeco.dnnl.global.dnnl.dnnl_cpu_isa_avx2;
import static org.bytedeco.dnnl.global.dnnl.dnnl_cpu_isa_avx512_core;
import static org.bytedeco.dnnl.global.dnnl.dnnl_get_effective_cpu_isa;
import static org.bytedeco.dnnl.global.dnnl.dnnl_set_max_cpu_isa;
import static org.bytedeco.dnnl.global.dnnl.dnnl_sgemm;
import static org.bytedeco.dnnl.global.dnnl.dnnl_version;

import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.bytedeco.dnnl.dnnl_version_t;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Matrix products by Intel's oneDNN where its native library is on the class path. On one thread it multiplies 5 to 25 % faster than
 * ND4J's OpenBLAS 0.3.19, transposed factors included.
 *
 * <p>Like OpenBLAS's, its kernels are those of {@link NativeSetup}'s core type, so that one setting decides the bits of all products. Its
 * threads are OpenMP's, which {@link OpenMp} keeps away.
 */
final class OneDnn {
  /** {@code -Dtarflowlm.onednn=false} leaves all products to OpenBLAS. */
  private static final String SWITCH = "tarflowlm.onednn";
  private static final Logger LOG = LogManager.getLogger(OneDnn.class);
  /** Whether it computes products. */
  static final boolean LOADED = load();

  private OneDnn() {}

  private static boolean load() {
    NativeSetup.ensure();
    if (!Boolean.parseBoolean(System.getProperty(SWITCH, "true"))) {
      return false;
    }
    try {
      if (NativeSetup.isForAvx2()) {
        dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx2);
      }
      String name = name();
      if (!OpenMp.start()) {
        LOG.info("matrix products by OpenBLAS: {}'s OpenMP threads cannot be limited here; set OMP_NUM_THREADS=1 to use it", name);
        return false;
      }
      LOG.debug("matrix products by {}", name);
      return true;
    } catch (LinkageError | RuntimeException e) {
      LOG.info("matrix products by OpenBLAS; org.bytedeco:dnnl with its library for this system would be faster ({})", e.toString());
      return false;
    }
  }

  /** With the version. */
  static String name() {
    try (dnnl_version_t version = dnnl_version()) {
      return "oneDNN " + version.major() + "." + version.minor() + "." + version.patch();
    }
  }

  /** Whether its kernels are those for AVX-512. */
  static boolean isForAvx512() {
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core;
  }

  /** c = alpha a b + beta c, as in {@link Gemm#run}. */
  static void multiply(boolean transA, boolean transB, int m, int n, int k, float alpha, FloatPointer a, int lda, FloatPointer b, int ldb,
      float beta, FloatPointer c, int ldc) {
    int status = dnnl_sgemm(letter(transA), letter(transB), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    if (status != 0) {
      throw new IllegalStateException("oneDNN refused a product of " + m + " x " + k + " by " + k + " x " + n + " with status " + status
          + "; expected 0. Its memory may have run out");
    }
  }

  private static byte letter(boolean transposed) {
    return (byte) (transposed ? 'T' : 'N');
  }
}
