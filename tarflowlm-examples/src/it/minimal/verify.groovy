// Runs the program with the class path that Maven found for it, and nothing else.
def java = new File(System.getProperty('java.home'), 'bin/java').path
def classpath = new File(basedir, 'target/classes').path + File.pathSeparator + new File(basedir, 'target/classpath.txt').text
def program = new ProcessBuilder(java, '-cp', classpath, 'Minimal').redirectErrorStream(true).start()
def output = program.inputStream.text
new File(basedir, 'output.txt').text = output
assert program.waitFor() == 0 : output

assert output =~ /first score after \d+ ms/ : output
def bits = (output =~ /(?m)^bits (\d\.\d+)$/)[0][1] as double
assert bits > 1 && bits < 4 : output
assert output =~ /(?m)^text \[[a-z ]{200}\]$/ : output
