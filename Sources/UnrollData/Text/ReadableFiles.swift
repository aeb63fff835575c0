extension InputFiles {
  /// Reads files and folders one by one. What cannot be read is named, left out and counted, unless `isStrict` or it is
  /// all there is.
  ///
  /// - Parameters:
  ///   - suffixes: of the files that are taken from folders.
  ///   - body: reads the file of a name, one of so many.
  /// - Throws: `DataError` of the first file where none can be read or `isStrict`; else when something does not exist.
  package static func forEachReadable(
    _ arguments: [String], suffixes: [String], isStrict: Bool, note: (String) -> Void,
    _ body: (_ name: String, _ count: Int) throws(DataError) -> Void
  ) throws(DataError) {
    let sources = try list(arguments, suffixes: suffixes)
    var failures: [DataError] = []
    for source in sources {
      do throws(DataError) { try body(source.name, sources.count) } catch {
        guard !isStrict else { throw error }
        failures.append(error)
        if failures.count <= mostNamed { note("left out: \(error)") }
      }
    }
    guard let first = failures.first else { return }
    if failures.count == sources.count { throw first }
    note("\(failures.count) of \(sources.count) files cannot be read, and were left out")
  }

  private static let mostNamed = 20
}
