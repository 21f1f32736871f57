package org.tarflowlm.json;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;

/** Copies records with one component changed, so that callers need not list all the others. */
public final class Records {
  private Records() {}

  /**
   * A copy with one component changed; the record's constructor checks the new value.
   *
   * @param component name of the component
   * @throws IllegalArgumentException if the record has no such component; any exception of the constructor is passed on
   */
  public static <R extends Record> R with(R record, String component, Object value) {
    RecordComponent[] components = record.getClass().getRecordComponents();
    int replaced = Arrays.stream(components).map(RecordComponent::getName).toList().indexOf(component);
    if (replaced < 0) {
      throw new IllegalArgumentException(record.getClass().getSimpleName() + " has no component " + component);
    }
    Object[] values = new Object[components.length];
    try {
      for (int i = 0; i < components.length; i++) {
        values[i] = i == replaced ? value : components[i].getAccessor().invoke(record);
      }
      @SuppressWarnings("unchecked")
      Class<R> type = (Class<R>) record.getClass();
      return type.getDeclaredConstructor(Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new))
          .newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(record.getClass() + " is not public", e);
    }
  }
}
