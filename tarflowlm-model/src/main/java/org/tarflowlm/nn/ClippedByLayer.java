package org.tarflowlm.nn;

import java.util.List;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/** A layer's configuration as DL4J's updater sees it when {@link TarFlowLayer} has clipped the gradient already. */
record ClippedByLayer(TrainingConfig original) implements TrainingConfig {
  @Override
  public GradientNormalization getGradientNormalization() {
    return GradientNormalization.None;
  }

  @Override
  public double getGradientNormalizationThreshold() {
    return original.getGradientNormalizationThreshold();
  }

  @Override
  public String getLayerName() {
    return original.getLayerName();
  }

  @Override
  public List<Regularization> getRegularizationByParam(String parameter) {
    return original.getRegularizationByParam(parameter);
  }

  @Override
  public boolean isPretrainParam(String parameter) {
    return original.isPretrainParam(parameter);
  }

  @Override
  public IUpdater getUpdaterByParam(String parameter) {
    return original.getUpdaterByParam(parameter);
  }

  @Override
  public void setDataType(DataType type) {
    original.setDataType(type);
  }
}
