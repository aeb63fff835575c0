/// A drawing of a file.
package struct ReadDrawing: Sendable {
  /// Its file, and its place there.
  package let place: String
  package let drawing: PenDrawing
  package let label: String?
  /// What its part of the file is for, if it says so.
  package let use: PartUse?
}

/// Reads drawings with their labels. A label is an annotation of InkML, the name of its part where that says nothing of
/// what it is for, or of one of several files the name of its file.
package struct DrawingReader {
  private let part: String?
  private let label: String?
  private let maximumLength: Int

  /// - Parameters:
  ///   - part: the part of a file; `nil`: all.
  ///   - label: the kind of annotation of InkML that is a label; `nil`: `label`, then `truth`.
  ///   - maximumLength: drawings of more points are left out.
  package init(part: String? = nil, label: String? = nil, maximumLength: Int = .max) {
    self.part = part
    self.label = label
    self.maximumLength = maximumLength
  }

  /// The drawings of files and folders. What cannot be read is named, left out and counted, unless `isStrict` or it is
  /// all there is.
  ///
  /// - Throws: `DataError`.
  package func drawings(
    _ files: [String], isStrict: Bool, note: (String) -> Void
  ) throws(DataError) -> [ReadDrawing] {
    var (drawings, long): ([ReadDrawing], Int) = ([], 0)
    try InputFiles.forEachReadable(
      files, suffixes: [".json", ".npz", ".inkml"], isStrict: isStrict, note: note
    ) { (name, count) throws(DataError) in
      let file = try DrawingFile(path: name)
      for remark in file.remarks { note("\(name): \(remark)") }
      if let part, !file.parts.contains(where: { $0.name == part }) {
        throw DataError(
          .badStrokes, file: name, expected: "a part \(quoted(part))",
          found: file.parts.map { quoted($0.name) }.joined(separator: ", "))
      }
      for (own, found) in file.parts where part == nil || own == part {
        let use = PartUse(own)
        for (index, drawing) in found.enumerated() where !drawing.steps.isEmpty {
          guard drawing.steps.count <= maximumLength else {
            long += 1
            continue
          }
          let annotation =
            label.map { drawing.labels[$0] } ?? drawing.labels["label"] ?? drawing.labels["truth"]
          let other = use == nil && own != "all" ? own : count > 1 ? Self.stem(name) : nil
          drawings.append(
            ReadDrawing(
              place: "\(name):\(own) \(index + 1)", drawing: drawing, label: annotation ?? other,
              use: part == nil ? use : nil))
        }
      }
    }
    if long > 0 { note("\(long) drawings of more than \(maximumLength) points were left out") }
    guard !drawings.isEmpty else {
      throw DataError(.badStrokes, file: files.joined(separator: ", "), expected: "drawings", found: "none")
    }
    return drawings
  }

  /// The name of a file without folders and endings.
  private static func stem(_ path: String) -> String {
    String((path.split(separator: "/").last ?? "").prefix { $0 != "." })
  }
}
