/// The sizes and hashes of a model's files, by which a damaged one is found and named.
struct Manifest: Codable {
  struct File: Codable, Equatable {
    var bytes: Int
    var sha256: String

    init(_ contents: [UInt8]) {
      bytes = contents.count
      sha256 = SHA256.hexadecimal(contents)
    }
  }

  static let version = 1
  var version = Manifest.version
  var files: [String: File]

  init(_ files: [(name: String, bytes: [UInt8])]) {
    self.files = Dictionary(uniqueKeysWithValues: files.map { ($0.name, File($0.bytes)) })
  }
}
