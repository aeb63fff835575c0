/// A picture, and what it shows where somebody said so.
public struct LabeledPicture: Sendable, Equatable {
  public let picture: Picture
  public let label: String?
  /// The file, with `#` and the number of the picture in it where it holds several.
  public let place: String

  public init(_ picture: Picture, label: String?, place: String) {
    self.picture = picture
    self.label = label
    self.place = place
  }
}

/// Reads pictures and their labels:
///
/// | a path is | it gives |
/// |---|---|
/// | a folder of folders | the pictures in each, at any depth, labelled with the folder's name |
/// | a table with a header | the pictures of a column of files, relative to the table, labelled by another column |
/// | a file of IDX with pictures, and one with as many numbers beside it | the pictures, labelled with the numbers |
/// | a picture | itself, without a label |
///
/// A file that cannot be read is left out and named, unless `isStrict`.
public struct LabeledPicturesReader: Sendable {
  /// The columns of a table; `nil`: `file` and `label` where there are such columns, else the first and the second.
  public var fileColumn: String?
  public var labelColumn: String?
  /// Whether a file that cannot be read is an error.
  public var isStrict = false
  /// Pictures with a longer side are shrunk to this one, to bound the memory of many.
  public var longestSide = 256
  public var reader = PictureReader()

  /// What was read and what was not.
  public struct Result: Sendable {
    public var pictures: [LabeledPicture] = []
    /// What was wrong with each file that was left out.
    public var leftOut: [DataError] = []
  }

  public init() {}

  /// The pictures of some paths, in their order; those of a folder in the order of their names' bytes.
  ///
  /// - Throws: `DataError` when a path holds no picture, a table has no such column, or numbers and pictures differ in
  ///   number.
  public func read(_ paths: [String]) throws(DataError) -> Result {
    var result = Result()
    // A file of IDX that waits for the one that belongs to it.
    var waiting: (file: IDXFile, path: String)?
    for path in paths {
      if InputFiles.isFolder(path) {
        try readFolder(path, &result)
        continue
      }
      let bytes = try TextFile.bytes(at: path)
      guard IDXFile.isIDX(bytes) else {
        if PictureFormat(bytes) != nil {
          let picture = shrunk(try reader.picture(bytes, name: path))
          result.pictures.append(LabeledPicture(picture, label: nil, place: path))
        } else {
          try readTable(bytes, path, &result)
        }
        continue
      }
      let file = try IDXFile(bytes, name: path)
      if let other = waiting, (other.file.shape.count == 1) != (file.shape.count == 1) {
        waiting = nil
        if file.shape.count == 1 {
          try readIDX(other, labels: (file, path), &result)
        } else {
          try readIDX((file, path), labels: other, &result)
        }
      } else {
        if let other = waiting { try readIDX(other, labels: nil, &result) }
        waiting = (file, path)
      }
    }
    if let other = waiting { try readIDX(other, labels: nil, &result) }
    return result
  }

  private func shrunk(_ picture: Picture) -> Picture {
    let side = max(picture.width, picture.height)
    guard side > longestSide else { return picture }
    func scaled(_ extent: Int) -> Int { max(1, (extent * longestSide + side / 2) / side) }
    return picture.resized(width: scaled(picture.width), height: scaled(picture.height), .box)
  }

  /// The picture of a file, or a note of what is wrong with it.
  private func read(_ path: String, label: String?, _ result: inout Result) throws(DataError) {
    do {
      result.pictures.append(
        LabeledPicture(shrunk(try reader.picture(at: path)), label: label, place: path))
    } catch {
      if isStrict { throw error }
      result.leftOut.append(error)
    }
  }

  private func readFolder(_ path: String, _ result: inout Result) throws(DataError) {
    let before = result.pictures.count
    let root = path.hasSuffix("/") ? path : path + "/"
    for case .file(let file) in try InputFiles.list([path]) {
      let parts = file.dropFirst(root.count).split(separator: "/")
      try read(file, label: parts.count > 1 ? String(parts[0]) : nil, &result)
    }
    try check(result, since: before, path)
  }

  private func check(_ result: Result, since before: Int, _ path: String) throws(DataError) {
    guard result.pictures.count > before else {
      if let first = result.leftOut.last { throw first }
      throw DataError(.emptyFile, file: path, expected: "pictures", found: "none")
    }
  }

  private func readTable(
    _ bytes: [UInt8], _ path: String, _ result: inout Result
  ) throws(DataError) {
    let table = try CSVTable(bytes: bytes, name: path)
    let file = try column(fileColumn, "file", otherwise: 0, table)
    var label = table.columns.firstIndex(of: "label") ?? (table.columns.count > 1 ? (file == 0 ? 1 : 0) : nil)
    if let labelColumn { label = try table.column(labelColumn) }
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
      separator: "/")
    let before = result.pictures.count
    for row in 0..<table.rowCount {
      let name = table.text(row: row, column: file)
      let place = name.hasPrefix("/") || !path.contains("/") ? name : folder + "/" + name
      let text = label.map { table.text(row: row, column: $0) }
      try read(place, label: text?.isEmpty == false ? text : nil, &result)
    }
    try check(result, since: before, path)
  }

  private func column(
    _ name: String?, _ usual: String, otherwise place: Int, _ table: CSVTable
  ) throws(DataError) -> Int {
    if let name { return try table.column(name) }
    return table.columns.firstIndex(of: usual) ?? place
  }

  private func readIDX(
    _ pictures: (file: IDXFile, path: String), labels: (file: IDXFile, path: String)?, _ result: inout Result
  ) throws(DataError) {
    guard pictures.file.shape.count > 1 else {
      throw DataError(
        .badPicture, file: pictures.path, expected: "a file of pictures beside these labels", found: "none")
    }
    var numbers: [Int]?
    if let labels {
      guard labels.file.count == pictures.file.count else {
        throw DataError(
          .unequalLines, file: labels.path,
          expected: "\(pictures.file.count) labels, as \(pictures.path) has",
          found: "\(labels.file.count)")
      }
      numbers = try labels.file.integers()
    }
    for index in 0..<pictures.file.count {
      result.pictures.append(
        LabeledPicture(
          shrunk(try pictures.file.picture(at: index)), label: numbers.map { "\($0[index])" },
          place: "\(pictures.path)#\(index + 1)"))
    }
    guard pictures.file.count > 0 else {
      throw DataError(.emptyFile, file: pictures.path, expected: "pictures", found: "none")
    }
  }
}
