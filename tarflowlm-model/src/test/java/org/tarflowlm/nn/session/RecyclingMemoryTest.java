package org.tarflowlm.nn.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import com.google.flatbuffers.FlatBufferBuilder;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.BaseNDArray;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

class RecyclingMemoryTest {
  /** An array as a device may keep it: its buffer has no address on the host. */
  @SuppressWarnings("overrides") // ND4J's own
  private static final class DeviceArray extends BaseNDArray {
    private static final long serialVersionUID = 1L;
    private static final Set<String> OF_THE_HOST = Set.of("address", "pointer", "addressPointer", "platformAddress");
    private final transient DataBuffer buffer;

    DeviceArray(DataType type, long length) {
      this(hostless(Nd4j.createUninitializedDetached(type, length).data()), Nd4j.createUninitializedDetached(type, length), length);
    }

    private DeviceArray(DataBuffer buffer, INDArray like, long... shape) {
      super(like.data(), shape, 'c');
      this.buffer = buffer;
    }

    private static DataBuffer hostless(DataBuffer real) {
      return (DataBuffer) Proxy.newProxyInstance(DataBuffer.class.getClassLoader(), new Class<?>[] {DataBuffer.class},
          (proxy, method, arguments) -> {
            if (OF_THE_HOST.contains(method.getName())) {
              throw new IllegalStateException("no address on the host");
            }
            try {
              return method.invoke(real, arguments);
            } catch (InvocationTargetException e) {
              throw e.getCause();
            }
          });
    }

    @Override
    public DataBuffer data() {
      return buffer == null ? super.data() : buffer;
    }

    @Override
    public INDArray reshape(char order, long... shape) {
      return new DeviceArray(buffer, Nd4j.createUninitializedDetached(dataType(), length()), shape);
    }

    @Override
    public void close() {
      // the test's
    }

    @Override
    public String getString(long index) {
      throw new UnsupportedOperationException();
    }

    @Override
    public LongShapeDescriptor shapeDescriptor() {
      throw new UnsupportedOperationException();
    }

    @Override
    public INDArray unsafeDuplication() {
      throw new UnsupportedOperationException();
    }

    @Override
    public INDArray unsafeDuplication(boolean blocking) {
      throw new UnsupportedOperationException();
    }

    @Override
    protected int stringBuffer(FlatBufferBuilder builder, DataBuffer strings) {
      throw new UnsupportedOperationException();
    }
  }

  @Test
  void buffersAreToldApartWithoutAnAddressOnTheHost() {
    RecyclingMemory memory = new RecyclingMemory(DeviceArray::new);
    INDArray a = memory.allocate(true, DataType.FLOAT, 2, 3);
    INDArray b = memory.allocate(true, DataType.FLOAT, 2, 3);
    INDArray c = memory.allocate(true, DataType.FLOAT, 3, 2);
    assertEquals(3 * 6 * Float.BYTES, memory.bytes());
    memory.release(b.reshape('c', new long[] {6}));          // another view of b's buffer
    assertSame(b, memory.allocate(true, DataType.FLOAT, 2, 3));
    assertNotSame(a, memory.allocate(true, DataType.FLOAT, 2, 3));
    memory.release(Nd4j.create(DataType.FLOAT, 2, 3));       // none of its own
    memory.endStep();
    assertEquals(4 * 6 * Float.BYTES, memory.bytes());
    assertEquals(4 * 6 * Float.BYTES, memory.peakLiveBytes());
    memory.release(c);
    memory.close();
    assertEquals(0, memory.bytes());
  }

  @Test
  void aViewOfAWholeBufferGivesItBackAndAPartDoesNot() {
    RecyclingMemory memory = new RecyclingMemory();
    INDArray a = memory.allocate(true, DataType.FLOAT, 4, 3);
    memory.release(a.getRow(2));
    assertNotSame(a, memory.allocate(true, DataType.FLOAT, 4, 3));
    memory.release(a.reshape(3, 4));
    assertSame(a, memory.allocate(true, DataType.FLOAT, 4, 3));
    memory.close();
  }
}
