package org.tarflowlm.nn;

import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.BaseGraphVertex;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Joins ids INT [batch, time] and noise [batch, time, d] to [batch, time, 1 + d], the id first, because a DL4J layer has only one input.
 * All ids (below 2^20) are exact in single precision.
 */
public final class IdsAndNoiseVertex extends GraphVertex {
  private static final long serialVersionUID = 1L;

  @Override
  public IdsAndNoiseVertex clone() {
    return new IdsAndNoiseVertex();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof IdsAndNoiseVertex;
  }

  @Override
  public int hashCode() {
    return IdsAndNoiseVertex.class.hashCode();
  }

  @Override
  public long numParams(boolean backprop) {
    return 0;
  }

  @Override
  public int minVertexInputs() {
    return 2;
  }

  @Override
  public int maxVertexInputs() {
    return 2;
  }

  @Override
  public org.deeplearning4j.nn.graph.vertex.GraphVertex instantiate(ComputationGraph graph, String name, int index, INDArray parameters,
      boolean initialize, DataType type) {
    return new Join(graph, name, index, type);
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType... inputs) {
    return inputs[1];
  }

  @Override
  public MemoryReport getMemoryReport(InputType... inputs) {
    return new LayerMemoryReport.Builder(null, IdsAndNoiseVertex.class, inputs[1], inputs[1]).standardMemory(0, 0)
        .workingMemory(0, 0, 0, 0).cacheMemory(0, 0).build();
  }

  /** The running form of the vertex. */
  @SuppressWarnings("overrides") // BaseGraphVertex.setInputs lacks the dots of the interface's
  private static final class Join extends BaseGraphVertex {
    private static final long serialVersionUID = 1L;

    Join(ComputationGraph graph, String name, int index, DataType type) {
      super(graph, name, index, null, null, type);
    }

    @Override
    public boolean hasLayer() {
      return false;
    }

    @Override
    public org.deeplearning4j.nn.api.Layer getLayer() {
      return null;
    }

    @Override
    public INDArray doForward(boolean training, LayerWorkspaceMgr workspaces) {
      INDArray ids = BatchArrays.flat("ids", inputs[0]);
      INDArray noise = BatchArrays.floating("noise", inputs[1], dataType, ids.size(0), ids.size(1), -1);
      INDArray joined = workspaces.createUninitialized(ArrayType.ACTIVATIONS, dataType,
          new long[] {ids.size(0), ids.size(1), 1 + noise.size(2)}, 'c');
      joined.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.point(0)).assign(ids);
      joined.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(1, 1 + noise.size(2))).assign(noise);
      return joined;
    }

    /** No gradient reaches the inputs. */
    @Override
    public Pair<Gradient, INDArray[]> doBackward(boolean truncated, LayerWorkspaceMgr workspaces) {
      return new Pair<>(null, new INDArray[2]);
    }

    @Override
    public void setBackpropGradientsViewArray(INDArray gradients) {
      // no parameters
    }

    @Override
    public Pair<INDArray, MaskState> feedForwardMaskArrays(INDArray[] masks, MaskState state, int batch) {
      if (masks == null) {
        return new Pair<>(null, state);
      }
      return new Pair<>(BatchArrays.oneMask("the mask of ids", masks[0], "the mask of noise", masks[1]), state);
    }

    @Override
    public String toString() {
      return "IdsAndNoiseVertex(" + vertexName + ")";
    }
  }
}
