// Maven fails if a source does not compile; this checks that it compiled all of them, against that backend.
def module = new File(basedir, '../../../../tarflowlm-model').canonicalFile
def classpath = new File(module, 'target/cuda/classpath.txt').text
assert classpath =~ /nd4j-cuda-[\d.]+-/ : classpath
assert !(classpath =~ /nd4j-native-[\d.]+-/) : classpath

for (part in [[sources: 'main', classes: 'classes'], [sources: 'test', classes: 'test-classes']]) {
  def sources = new File(module, "src/${part.sources}/java")
  def classes = new File(module, "target/cuda/${part.classes}")
  sources.eachFileRecurse { source ->
    if (source.name.endsWith('.java') && source.name != 'package-info.java') {
      def compiled = sources.toPath().relativize(source.toPath()).toString().replaceAll(/\.java$/, '.class')
      assert new File(classes, compiled).file : "${source} was not compiled"
    }
  }
}
