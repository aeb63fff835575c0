/// The printable stand-ins for bytes that byte-level vocabularies are written in (Radford et al. 2019).
///
/// A byte that is a printable character of Latin-1 stands for itself; the others take the scalars from U+0100 on,
/// in their order. A space becomes Ġ.
enum ByteAlphabet {
  /// The scalar that stands for each byte.
  static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (0..<256 as Range<UInt32>).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(UInt8(byte))
      default:
        defer { next += 1 }
        return Unicode.Scalar(next) ?? " "
      }
    }
  }()

  /// All bytes in the order of their scalars: the order of their ids.
  static let ordered: [UInt8] = (0...255).sorted { scalars[Int($0)] < scalars[Int($1)] }

  private static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
    uniqueKeysWithValues: (0...255).map { (scalars[$0], UInt8($0)) })

  /// How bytes are written.
  static func text(_ bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in bytes { text.unicodeScalars.append(scalars[Int(byte)]) }
    return text
  }

  /// The bytes of what `text` wrote, or nil when it holds another scalar.
  static func bytes(_ text: String) -> [UInt8]? {
    var result: [UInt8] = []
    for scalar in text.unicodeScalars {
      guard let byte = bytes[scalar] else { return nil }
      result.append(byte)
    }
    return result
  }
}
