import Foundation
import UnrollCore

/// A file of numbers from PyTorch, as `scripts/goldens/make` writes it: little-endian safetensors of F32.
struct Golden: Sendable {
  private let tensors: [String: Tensor]
  /// What the file says about itself.
  let notes: [String: String]

  private struct Entry: Decodable {
    let shape: [Int]
    let offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case shape
      case offsets = "data_offsets"
    }
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private struct Header: Decodable {
    var entries: [String: Entry] = [:]
    var notes: [String: String] = [:]

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      for key in container.allKeys {
        if key.stringValue == "__metadata__" {
          notes = try container.decode([String: String].self, forKey: key)
        } else {
          entries[key.stringValue] = try container.decode(Entry.self, forKey: key)
        }
      }
    }
  }

  struct Missing: Error, CustomStringConvertible {
    let name: String
    var description: String { "the golden file holds no \(name)" }
  }

  init(_ name: String) throws {
    guard
      let url = Bundle.module.url(
        forResource: name, withExtension: "safetensors", subdirectory: "Goldens")
    else { throw Missing(name: "\(name).safetensors") }
    let bytes = [UInt8](try Data(contentsOf: url))
    let start = 8 + bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONDecoder().decode(Header.self, from: Data(bytes[8..<start]))
    notes = header.notes
    tensors = header.entries.mapValues { entry in
      let numbers = stride(from: start + entry.offsets[0], to: start + entry.offsets[1], by: 4)
      return Tensor(
        numbers.map { at in
          Float(bitPattern: (0..<4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[at + $1]) })
        }, shape: Shape(entry.shape))
    }
  }

  subscript(_ name: String) -> Tensor {
    get throws {
      guard let tensor = tensors[name] else { throw Missing(name: name) }
      return tensor
    }
  }

  /// The names that begin with a prefix, without it.
  func names(below prefix: String) -> [String] {
    tensors.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }.sorted()
  }
}
