import Foundation
import SampleModels
import UnrollExchange

/// Hostile archives of PyTorch: archives that are none, pickles that are programs, and tensors beyond their storages.
enum PyTorchCases {
  private typealias Parts = PyTorchParts

  /// Sixteen numbers.
  private static let numbers = [UInt8](repeating: 1, count: 64)
  private static let storages: [(key: String, bytes: [UInt8])] = [("0", numbers)]

  static let sound = Parts.archive(pickle: one([2, 8], [8, 1]), storages: storages)

  private static func one(
    _ shape: [Int], _ strides: [Int], offset: Int = 0, type: String = "FloatStorage", key: String = "0",
    count: Int = 16
  ) -> [UInt8] {
    let storage = Parts.storage(type, key: key, count: count)
    let tensor = Parts.tensor(storage, offset: offset, shape: shape, strides: strides)
    return Parts.pickle(Parts.dictionary([("w", tensor)]))
  }

  static func make(in folder: Folder) throws {
    func write(_ pickle: [UInt8], _ name: String) throws {
      try folder.write(Parts.archive(pickle: pickle, storages: storages), name)
    }
    for part in 0..<16 { try folder.write(Array(sound.prefix(sound.count * part / 16)), "cut \(part)") }
    for cut in 1...8 { try folder.write(Array(sound.dropLast(cut)), "cut by \(cut)") }
    try makeArchives(in: folder)
    for (index, name) in programs.enumerated() {
      let function = Parts.name(name.0, name.1)
      let call = Parts.call(function, [Parts.string("touch /tmp/unroll-was-here")])
      try write(Parts.pickle(call), "program \(index) called")
      try write(Parts.pickle(Parts.dictionary([("w", call)])), "program \(index) within")
      try write(Parts.pickle(function + Parts.tuple([]) + [0x81]), "program \(index) made anew")
      try write(Parts.pickle(function + Array("}b".utf8)), "program \(index) filled")
    }
    let tensor = Parts.tensor(Parts.storage(count: 16), shape: [2], strides: [1])
    for code in UInt8.min ... .max where !known.contains(code) {
      try write(Parts.pickle([UInt8(ascii: "N"), UInt8(ascii: "N"), code, 0, 0, 0]), "instruction \(code)")
    }
    for (index, place) in places.enumerated() {
      try write(one(place.0, place.1, offset: place.2), "place \(index)")
    }
    for (index, count) in [0, 15, 17, -1, .max, .min, 1 << 62].enumerated() {
      try write(one([2], [1], count: count), "storage of another size \(index)")
    }
    for type in [
      "DoubleStorage", "QInt8Storage", "ComplexFloatStorage", "UntypedStorage", "", "FloatStorage\0",
    ] {
      try write(one([2], [1], type: type), "storage of type \(type.filter { $0 != "\0" }) \(type.count)")
    }
    for (index, key) in ["1", "../0", "/etc/passwd", "", "0\0", "version"].enumerated() {
      try write(one([2], [1], key: key), "storage elsewhere \(index)")
    }
    try write(Parts.pickle(Parts.dictionary([("w", tensor), ("w", tensor)])), "a name twice")
    try write(Parts.pickle(Parts.dictionary([("w", Parts.string("x"))])), "no tensors")
    try write(Parts.pickle(tensor), "a tensor alone")
    try write(
      Parts.pickle(Array("}(".utf8) + Parts.integer(1) + tensor + [UInt8(ascii: "u")]), "a number as a name")
    try write([0x80, 9] + Parts.pickle(tensor).dropFirst(2), "protocol 9")
    try makeLarge(in: folder)
  }

  private static let programs = [
    ("os", "system"), ("posix", "system"), ("builtins", "eval"), ("builtins", "exec"),
    ("builtins", "__import__"),
    ("subprocess", "Popen"), ("torch", "load"), ("torch.hub", "load"), ("torch.jit", "load"),
    ("runpy", "run_path"),
    ("__main__", "Net"), ("collections", "namedtuple"), ("torch._utils", "_rebuild_tensor"),
    ("numpy.core.multiarray", "scalar"),
    ("", ""), ("torch", "FloatStorage.__reduce__"),
  ]

  /// The instructions that are read.
  private static let known = Set(
    [0x80, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x8D, 0x93, 0x94, 0x95] as [UInt8]
      + Array(".(01NJKMGX)t]}aesuqrhjcQRb".utf8))

  /// Shapes, strides and offsets.
  private static let places: [([Int], [Int], Int)] = [
    ([17], [1], 0), ([16], [1], 1), ([2, 2], [16, 1], 0), ([2], [0], 0), ([1 << 30], [0], 0),
    ([2, 2], [1, 1], 0),
    ([-1], [1], 0), ([.min], [1], 0), ([2], [-1], 1), ([2], [.max], 0),
    ([.max, .max], [1, 1], 0),
    ([1 << 32, 1 << 32], [1, 1], 0), ([0, 1 << 40, 1 << 40], [1, 1, 1], 0), ([1], [1], -1), ([1], [1], .max),
    ([1], [1], .min),
    ([2], [1, 1], 0), ([2, 2], [1], 0), (Array(repeating: 1, count: 100), Array(repeating: 1, count: 100), 0),
    ([4, 8], [4, 1], 0),
  ]

  private static func makeArchives(in folder: Folder) throws {
    let pickle = one([2, 8], [8, 1])
    try folder.write(Parts.archive([("m/data/0", numbers)]), "no pickle")
    try folder.write(Parts.archive([("a/data.pkl", pickle), ("b/data.pkl", pickle)]), "two pickles")
    try folder.write(Parts.archive([("m/data.pkl", pickle)]), "no storages")
    try folder.write(
      Parts.archive([("m/data.pkl", pickle), ("m/byteorder", Array("big".utf8)), ("m/data/0", numbers)]),
      "big-endian")
    try folder.write(
      Parts.archive([("m/data.pkl", pickle), ("m/code/x.py", []), ("m/data/0", numbers)]),
      "a program of TorchScript")
    try folder.write(Parts.archive([("m/data.pkl", [])]), "an empty pickle")
    try folder.write(Array("PK\u{3}\u{4}".utf8), "four bytes")
    var twice = sound
    twice += sound
    try folder.write(twice, "two archives")
    for (name, bytes) in [
      ("pickle", pickle),
      ("old", [0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]),
      ("HDF5", [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]), ("text", Array("not weights".utf8)),
    ] { try folder.write(bytes, "alone, \(name)") }
  }

  /// Few bytes that ask for much.
  private static func makeLarge(in folder: Folder) throws {
    func write(_ body: [UInt8], _ name: String) throws {
      try folder.write(Parts.archive(pickle: Parts.pickle(body), storages: storages), name)
    }
    func many(_ text: String, _ count: Int) -> [UInt8] {
      [UInt8](repeating: text.utf8.first ?? 0, count: count)
    }
    try write(many("(", 8_000_000), "millions of marks")
    try write(many("N", 8_000_000), "millions of values")
    try write(many("]", 8_000_000), "millions of lists")
    try write(many("}", 8_000_000), "millions of dictionaries")
    try write([UInt8(ascii: "N")] + [UInt8](repeating: 0x94, count: 8_000_000), "millions remembered")
    try write([UInt8(ascii: "N"), UInt8(ascii: "r"), 0xFF, 0xFF, 0xFF, 0xFF], "remembered far away")
    try write([UInt8(ascii: "N")] + [UInt8](repeating: 0x85, count: 8_000_000), "deep tuples")
    try write(many("]", 500_000) + many("a", 499_999), "deep lists")
    try write(Array("]q\0h\0a".utf8), "a list in itself")
    try write(Array("}q\0X\u{1}\0\0\0ah\0s".utf8), "a dictionary in itself")
    try write(
      Array("]q\0".utf8) + Array(repeating: Array("]q\u{1}(h\0h\0h\0h\0eq\0".utf8), count: 60).flatMap { $0 },
      "lists that double")
    try write([0x8D] + Parts.little(1 << 62, 8), "a string of 2^62 bytes")
    try write([UInt8(ascii: "X")] + Parts.little(0xFFFF_FFFF, 4), "a string of 4 GiB")
    try folder.write(Parts.archive(pickle: [UInt8](repeating: 0, count: 40 << 20)), "a pickle of 40 MiB")
    // A name for each of many views of one storage.
    let views = (0..<20_000).map { index in
      ("w\(index)", Parts.tensor(Array("h\0".utf8), shape: [1 << 16], strides: [1]))
    }
    let big = [UInt8](repeating: 0, count: 1 << 18)
    let first = Parts.storage(count: 1 << 16) + [UInt8(ascii: "q"), 0]
    let body = first + [UInt8(ascii: "0")] + Parts.dictionary(views)
    try folder.write(Parts.archive(pickle: Parts.pickle(body), storages: [("0", big)]), "views of 5 GiB")
  }
}
