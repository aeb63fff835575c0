/// Files of other formats, told by their first bytes, so that an error can say what a file is.
enum FileKind {
  static let pytorch = "a PyTorch archive (a ZIP of pickles)"
  static let safetensors = "a safetensors file"

  /// What a file is in words; `nil` where its bytes do not tell.
  static func name(of bytes: UnsafeRawBufferPointer) -> String? {
    func has(_ text: String, at offset: Int = 0) -> Bool {
      bytes.count >= offset + text.utf8.count
        && zip(bytes[offset...], text.utf8).allSatisfy { $0 == $1 }
    }
    func has(_ magic: [UInt8]) -> Bool { bytes.starts(with: magic) }
    if has("PK\u{3}\u{4}") { return archive(bytes) }
    if has([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]) {
      return "an HDF5 file, as Keras writes models"
    }
    if has("TFL3", at: 4) { return "a TensorFlow Lite model" }
    if has("ORTM", at: 4) { return "a model in ONNX Runtime's own format" }
    if has("GGUF") { return "a GGUF file" }
    if has([0x93]), has("NUMPY", at: 1) { return "a NumPy array" }
    if has([0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9]) {
      return "a PyTorch file of the form before version 1.6 (pickles without an archive)"
    }
    if bytes.count > 2, bytes[0] == 0x80, (2...5).contains(bytes[1]) { return "a pickle" }
    if has("ustar", at: 257) { return "a tar archive, as the oldest PyTorch wrote" }
    if has([0x1F, 0x8B]) { return "a file compressed by gzip" }
    if isSafetensors(bytes) { return safetensors }
    if bytes.first == UInt8(ascii: "{") { return "a JSON file" }
    return nil
  }

  /// A ZIP archive, by the name of its first member.
  private static func archive(_ bytes: UnsafeRawBufferPointer) -> String {
    guard bytes.count >= 30 else { return "a ZIP archive" }
    let length = Int(bytes[26]) | Int(bytes[27]) << 8
    let name = String(decoding: bytes[30..<min(bytes.count, 30 + length)], as: UTF8.self)
    if name.hasSuffix(".pkl") || name.contains("/data/") || name.hasSuffix("/version") {
      return pytorch
    }
    if ["metadata.json", "config.json", "model.weights.h5"].contains(name) { return "a Keras model" }
    return "a ZIP archive"
  }

  /// A length in 8 bytes, then a JSON object of that length.
  private static func isSafetensors(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count > 9, bytes[8] == UInt8(ascii: "{") else { return false }
    let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << UInt64(8 * $1) }
    return length <= UInt64(bytes.count - 8)
  }
}
