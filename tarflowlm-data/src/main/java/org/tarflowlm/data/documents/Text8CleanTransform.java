package org.tarflowlm.data.documents;

import org.datavec.api.transform.transform.string.BaseStringTransform;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/** DataVec transform that brings a string column to text8's form, see {@link Text8Cleaner}. */
public final class Text8CleanTransform extends BaseStringTransform {
  private static final long serialVersionUID = 1L;

  public Text8CleanTransform(@JsonProperty("columnName") String columnName) {
    super(columnName);
  }

  @Override
  public Text map(Writable writable) {
    return new Text(Text8Cleaner.clean(writable.toString()));
  }

  @Override
  public Object map(Object input) {
    return Text8Cleaner.clean(input.toString());
  }

  @Override
  public String toString() {
    return "Text8CleanTransform(column=" + columnName + ")";
  }
}
