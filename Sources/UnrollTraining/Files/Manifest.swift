/// The sizes and hashes of a model's files, by which a damaged one is found and named.
struct Manifest: Codable {
  struct File: Codable, Equatable {
    var bytes: Int
    var sha256: String
    /// Whether the model can be loaded without it; absent: no.
    var optional: Bool?

    init(_ contents: [UInt8], isOptional: Bool = false) {
      bytes = contents.count
      sha256 = SHA256.hexadecimal(contents)
      optional = isOptional ? true : nil
    }
  }

  static let version = 1
  var version = Manifest.version
  var files: [String: File]

  init(_ files: [(name: String, bytes: [UInt8])], optional: Set<String> = []) {
    self.files = Dictionary(
      uniqueKeysWithValues: files.map { ($0.name, File($0.bytes, isOptional: optional.contains($0.name))) })
  }
}
