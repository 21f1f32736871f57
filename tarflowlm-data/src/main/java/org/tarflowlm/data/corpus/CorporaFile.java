package org.tarflowlm.data.corpus;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.IoErrors;

/** Corpora that a user describes in a file. */
final class CorporaFile {
  private CorporaFile() {}

  /** The known corpora and the file's, which come first and replace known ones of the same name; without a file the known ones. */
  static List<Corpus> addTo(List<Corpus> known, Path file) {
    if (!Files.exists(file)) {
      return known;
    }
    try {
      List<Corpus> all = new ArrayList<>(List.of(new ObjectMapper().readValue(file.toFile(), Corpus[].class)));
      List<String> names = all.stream().map(Corpus::name).toList();
      known.stream().filter(corpus -> !names.contains(corpus.name())).forEach(all::add);
      return all;
    } catch (JsonProcessingException e) {
      throw new DataException(file + ": " + (e.getCause() instanceof DataException cause ? cause.getMessage() : e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw IoErrors.unreadable(file, e);
    }
  }
}
