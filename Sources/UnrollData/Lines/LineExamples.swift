/// Pictures of lines with their texts, and what was left out on the way.
package struct LineExamples: Sendable {
  package var lines: [LineExample] = []
  /// Damaged or missing files and lines, each with its place and the reason.
  package var problems: [DataError] = []
  /// Lines that nobody has transcribed.
  package var withoutText = 0
}

/// Reads pictures of lines of text with what they say.
///
/// | what is named | is read as |
/// |---|---|
/// | `x.png`, or `x.gt.txt` | a line and its text, side by side |
/// | a table: `.tsv`, `.csv`, `.jsonl` | the file of a picture and its text a row |
/// | a layout: `.xml` | PAGE XML or ALTO beside the page's picture: its lines are cut out along their outlines |
/// | a folder | all `x.gt.txt` and all layouts in it and below |
///
/// What is damaged is left out and told, so that one bad file does not cost ten thousand good ones.
package struct LineExampleReader {
  /// The height of lines in pixels.
  package var height: Int
  package var normalization: TextNormalization
  /// The columns of a table; `nil`: found out by their names.
  package var pictureColumn: String?
  package var textColumn: String?
  /// Whether the first fault ends reading.
  package var isStrict = false

  package init(height: Int, normalization: TextNormalization = .nfc) {
    (self.height, self.normalization) = (height, normalization)
  }

  /// Reads what is named.
  ///
  /// - Throws: `DataError` when nothing can be learned from it, or at the first fault where `isStrict`.
  package func read(_ names: [String]) throws(DataError) -> LineExamples {
    var result = LineExamples()
    for source in try InputFiles.list(names, suffixes: [".gt.txt", ".xml"]) {
      let lower = source.name.lowercased()
      if lower.hasSuffix(".xml") {
        try guarded(&result) { result throws(DataError) in try readPage(source.name, &result) }
      } else if [".tsv", ".csv", ".jsonl", ".ndjson"].contains(where: lower.hasSuffix) {
        try readTable(source.name, &result)
      } else {
        try guarded(&result) { result throws(DataError) in try readPair(source.name, &result) }
      }
    }
    guard result.lines.isEmpty else { return result }
    throw result.problems.first
      ?? DataError(
        .emptyFile, file: names.joined(separator: ", "), expected: "pictures of lines with their texts",
        found: "\(counted(result.withoutText, "line")) without text")
  }

  /// Does something whose fault is noted, unless nothing may be left out.
  private func guarded(
    _ result: inout LineExamples, _ body: (inout LineExamples) throws(DataError) -> Void
  ) throws(DataError) {
    do { try body(&result) } catch {
      if isStrict { throw error }
      result.problems.append(error)
    }
  }

  private func add(
    _ picture: Picture, _ text: String, _ place: String, _ result: inout LineExamples
  ) throws(DataError) {
    let text = normalization(text)
    guard !text.isEmpty else {
      result.withoutText += 1
      return
    }
    result.lines.append(
      LineExample(picture: try picture.normalizedLine(height: height, name: place), text: text, place: place))
  }

  /// The endings of pictures' names, the more usual ones first.
  package static let endings = [
    ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".pgm", ".pbm", ".ppm", ".pnm", ".webp",
    ".bin.png", ".nrm.png",
  ]

  /// A picture and the text beside it, either of which is named.
  private func readPair(_ name: String, _ result: inout LineExamples) throws(DataError) {
    var (picture, text) = (name, name)
    if name.lowercased().hasSuffix(".gt.txt") {
      let stem = String(name.dropLast(".gt.txt".count))
      guard let found = Self.endings.lazy.map({ stem + $0 }).first(where: InputFiles.isFile) else {
        throw DataError(
          .missingFile, file: name, expected: "the picture of the line beside it, such as \(stem).png",
          found: "none")
      }
      picture = found
    } else {
      var stem = name
      // Of `x.bin.png` the text is `x.gt.txt`.
      for _ in 0..<2 {
        if let dot = Self.fileName(stem).lastIndex(of: ".") {
          stem = Self.folder(stem) + Self.fileName(stem)[..<dot]
        }
        text = stem + ".gt.txt"
        if InputFiles.isFile(text) { break }
      }
      guard InputFiles.isFile(name), InputFiles.isFile(text) else {
        throw DataError(
          .missingFile, file: name,
          expected: InputFiles.isFile(name) ? "its text beside it, as \(text)" : "a file", found: "none")
      }
    }
    let bytes = try TextFile.bytes(at: text)
    try TextFile.check(bytes, name: text)
    try add(
      try PictureReader().picture(at: picture), String(decoding: bytes, as: UTF8.self), picture, &result)
  }

  // MARK: Tables

  private static let pictureNames = [
    "file", "filename", "file_name", "image", "picture", "path", "image_path",
  ]
  private static let textNames = ["text", "transcription", "transcript", "ground_truth", "gt", "label"]

  private func readTable(_ name: String, _ result: inout LineExamples) throws(DataError) {
    var reader = try RecordReader(try ByteSource(path: name), hasHeader: false)
    var (file, text) = (0, 1)
    if !reader.isJSON {
      var look = reader
      // Without a header the first row names a picture already.
      let first = try look.next() ?? []
      let hasHeader = !first.contains { InputFiles.isFile(Self.path($0, beside: name)) }
      if hasHeader { reader = try RecordReader(path: name) }
    }
    if reader.columns != ["1", "2"] || pictureColumn != nil || textColumn != nil {
      file = try column(pictureColumn, Self.pictureNames, "pictures' files", reader)
      text = try column(textColumn, Self.textNames, "texts", reader)
    }
    while let fields = try reader.next() {
      let path = Self.path(fields[file], beside: name)
      let place = "\(name), line \(reader.line)"
      try guarded(&result) { result throws(DataError) in
        guard InputFiles.isFile(path) else {
          throw DataError(
            .missingFile, file: name, line: reader.line, expected: "the file of a picture",
            found: quoted(fields[file]))
        }
        try add(try PictureReader().picture(at: path), fields[text], "\(place): \(fields[file])", &result)
      }
    }
  }

  private func column(
    _ given: String?, _ usual: [String], _ what: String, _ reader: RecordReader
  ) throws(DataError) -> Int {
    if let given { return try reader.column(given) }
    if let index = reader.columns.firstIndex(where: { usual.contains($0.lowercased()) }) { return index }
    throw DataError(
      .badRoles, file: reader.name,
      expected: "a column of \(what), named \(usual.joined(separator: ", ")), or asked for by its name",
      found: "columns \(reader.columns.prefix(12).map { quoted($0) }.joined(separator: ", "))")
  }

  // MARK: Pages

  private func readPage(_ name: String, _ result: inout LineExamples) throws(DataError) {
    let (page, layout) = try Self.page(at: name)
    for problem in layout.problems {
      if isStrict { throw problem }
      result.problems.append(problem)
    }
    for line in layout.lines {
      guard let text = line.text, !text.isEmpty else {
        result.withoutText += 1
        continue
      }
      let place = "\(name), line \(quoted(line.identifier))"
      try guarded(&result) { result throws(DataError) in
        guard let picture = page.line(line) else {
          throw DataError(
            .badLayout, file: name, expected: "line \(quoted(line.identifier)) to lie on the page",
            found: "an outline beside it")
        }
        try add(picture, text, place, &result)
      }
    }
  }

  /// The picture of a page, in grey, and its layout.
  ///
  /// - Throws: `DataError` when the layout is damaged, the picture is not beside it, or is of another size than the layout
  ///   says.
  package static func page(at name: String) throws(DataError) -> (picture: Picture, layout: PageLayout) {
    let layout = try LayoutReader.layout(at: name)
    let stem = folder(name) + fileName(name).dropLast(".xml".count)
    // Only beside the layout: a stranger's file does not choose what is opened elsewhere.
    var candidates: [String] = []
    if let picture = layout.pictureName.map({ fileName($0) }), !picture.isEmpty {
      let own = folder(name) + picture
      let bare = picture.lastIndex(of: ".").map { folder(name) + picture[..<$0] } ?? own
      candidates = [own] + endings.map { bare + $0 }
    }
    candidates += endings.map { stem + $0 }
    guard let found = candidates.first(where: InputFiles.isFile) else {
      throw DataError(
        .missingFile, file: name, expected: "the picture of the page beside it, \(candidates[0])",
        found: "none")
    }
    let picture = try PictureReader().picture(at: found).grey()
    guard
      layout.width == 0 || layout.height == 0
        || (layout.width, layout.height) == (picture.width, picture.height)
    else {
      throw DataError(
        .badLayout, file: name,
        expected: "a layout of \(picture.width) × \(picture.height) pixels, the size of \(found)",
        found: "\(layout.width) × \(layout.height)")
    }
    return (picture, layout)
  }

  // MARK: Names of files

  /// The folder of a path, with a slash behind it; empty where there is none.
  private static func folder(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  }

  private static func fileName(_ path: String) -> String {
    path.lastIndex(where: { $0 == "/" || $0 == "\\" }).map { String(path[path.index(after: $0)...]) } ?? path
  }

  /// What a table means by a name: a path from the table's folder, unless it begins at the root.
  private static func path(_ name: String, beside table: String) -> String {
    name.hasPrefix("/") ? name : folder(table) + name
  }
}
