import Foundation
import SampleModels
import SwiftProtobuf
import UnrollExchange

/// Hostile data of ONNX tensors in other files: each case is a folder of its own.
enum ExternalCases {
  typealias Entries = [(String, String)]

  static let sound: Entries = [("location", "w.data"), ("offset", "8"), ("length", "24")]

  static func write(
    _ entries: Entries, _ name: String, in folder: Folder, location: Int32 = 1,
    _ bend: (inout WireTensor) -> Void = { _ in }
  ) throws {
    let bytes = try ONNXCases.bytes { model in
      var weight = WireTensor()
      (weight.name, weight.dims, weight.dataType, weight.dataLocation) = ("V", [3, 2], 1, location)
      weight.externalData = entries.map { key, value in
        var pair = WireStringPair()
        (pair.key, pair.value) = (key, value)
        return (try? pair.serializedBytes()) ?? Data()
      }
      bend(&weight)
      model.graph.initializer[2] = weight
    }
    let path = "\(folder.path)/\(name)"
    try FileManager.default.createDirectory(atPath: path + "/inner", withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(filePath: path + "/m.onnx"))
    let data = Data([UInt8](repeating: 0, count: 40))
    try data.write(to: URL(filePath: path + "/w.data"))
    try data.write(to: URL(filePath: path + "/inner/w.data"))
    try FileManager.default.createSymbolicLink(atPath: path + "/link", withDestinationPath: "w.data")
    try FileManager.default.createSymbolicLink(atPath: path + "/circle", withDestinationPath: "circle")
    guard mkfifo(path + "/pipe", 0o600) == 0 else { return }
  }

  static func make(in folder: Folder) throws {
    let names = [
      "../w.data", "inner/w.data", "inner/../w.data", "./w.data", "/etc/passwd", "/dev/zero",
      "/proc/self/mem", "..", ".", "",
      "inner", "link", "circle", "pipe", "none", "w.data\0", "w.data/", "..\\w.data", "file:w.data",
      String(repeating: "n", count: 300), "m.onnx/..",
    ]
    for (index, name) in names.enumerated() {
      try write([("location", name), ("length", "24")], "elsewhere \(index)", in: folder)
    }
    let numbers = [
      "-1", "9223372036854775807", "9223372036854775808", "18446744073709551615", "1e1", "0x10", "", " 8",
      "8 ", "８", "41", "4.0",
      "null",
    ]
    for (index, number) in numbers.enumerated() {
      try write(
        [("location", "w.data"), ("offset", number), ("length", "24")], "offset \(index)", in: folder)
      try write([("location", "w.data"), ("offset", "8"), ("length", number)], "length \(index)", in: folder)
    }
    let bent: [(String, Entries)] = [
      ("no entries", []), ("no location", [("offset", "8")]),
      ("location twice", sound + [("location", "w.data")]),
      ("offset twice", sound + [("offset", "8")]), ("an unknown key", sound + [("command", "rm")]),
      ("a checksum", sound + [("checksum", "0")]), ("too short", [("location", "w.data"), ("length", "20")]),
      ("too long", [("location", "w.data"), ("length", "28")]), ("the whole file", [("location", "w.data")]),
      ("the model itself", [("location", "m.onnx")]),
    ]
    for (name, entries) in bent { try write(entries, "external, \(name)", in: folder) }
    for location in [0, 2, -1, Int32.max] {
      try write(sound, "external at location \(location)", in: folder, location: location)
    }
    try write(sound, "external and here", in: folder) { $0.rawData = Data(count: 24) }
    try write(sound, "external of 2^60 elements", in: folder) { $0.dims = [1 << 30, 1 << 30] }
    try write(sound, "external strings", in: folder) { $0.dataType = 8 }
    try write(sound, "external entries of other bytes", in: folder) { $0.externalData = [Data([0xFF])] }
  }
}
