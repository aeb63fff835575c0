import Foundation
import SampleModels
import Testing
import UnrollCore
import UnrollExchange
import UnrollTasks
import UnrollTraining

/// Archives of `torch.save`; `scripts/goldens/make-pytorch-archives` makes the files.
@Suite struct PyTorchArchiveTests {
  private typealias Parts = PyTorchParts

  private static func golden(_ name: String, _ kind: String) throws -> URL {
    try #require(Bundle.module.url(forResource: name, withExtension: kind, subdirectory: "Goldens"))
  }

  @Test(arguments: ["network", "protocol", "checkpoint", "views", "types"]) func isRead(_ name: String) throws
  {
    let found = try PyTorchArchive.read(try Self.golden("archive_\(name)", "pt").path)
    let all = try Safetensors.read(try Self.golden("archives", "safetensors").path).tensors
    let expected = all.filter { $0.name.hasPrefix("\(name)/") }
    #expect(!expected.isEmpty && Set(found.map { "\(name)/\($0.name)" }) == Set(expected.map(\.name)))
    let byName = Dictionary(uniqueKeysWithValues: found.map { ("\(name)/\($0.name)", $0.tensor) })
    for (name, tensor) in expected { #expect(byName[name] == tensor, "\(name)") }
  }

  private static let modules = """
    {"modules": [{"name": "rnn", "type": "GRU", "bidirectional": true}], "heads": [{"name": "fc", "type": "Linear"}]}
    """

  private static func withFile<Result>(_ bytes: [UInt8], _ body: (String, String) throws -> Result) throws
    -> Result
  {
    let folder = FileManager.default.temporaryDirectory.path + "/archive-\(UInt64.random(in: 0...(.max)))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(bytes).write(to: URL(filePath: folder + "/weights"))
    try Data(modules.utf8).write(to: URL(filePath: folder + "/net.json"))
    return try body(folder + "/weights", folder + "/net.json")
  }

  /// Both forms of one state dictionary are one network.
  @Test func becomesANetwork() throws {
    let archive = Array(try Data(contentsOf: try Self.golden("archive_network", "pt")))
    let tensors = try PyTorchArchive.read(archive, file: "a.pt")
    let first = try Self.withFile(archive) { try NetworkModel(pytorch: $0, configuration: $1) }
    let bytes = try Safetensors.encode(tensors, metadata: [:], file: "x")
    let second = try Self.withFile(bytes) { try NetworkModel(pytorch: $0, configuration: $1) }
    let input = ["input": Tensor.normal(deviation: 1, shape: [2, 4, 3], seed: 3)]
    for (a, b) in zip(try first.run(arrays: input), try second.run(arrays: input)) {
      #expect(a.tensor == b.tensor)
    }
  }

  /// Weights under a prefix, and others that are not meant.
  @Test func weightsAreChosen() throws {
    let tensors = try PyTorchArchive.read(
      Array(try Data(contentsOf: try Self.golden("archive_network", "pt"))), file: "a")
    let others: [Safetensors.NamedTensor] = [
      ("similarity_weight", Tensor([1])), ("similarity_bias", Tensor([1])),
    ]
    let bytes = try Safetensors.encode(
      tensors.map { ("model.\($0.name)", $0.tensor) } + others, metadata: [:], file: "x")
    let chosen = PyTorchSelection(prefix: "model.", ignored: ["similarity_*"])
    _ = try Self.withFile(bytes) { try NetworkModel(pytorch: $0, configuration: $1, selection: chosen) }
    for (selection, word) in [
      (PyTorchSelection(), "rnn.weight_ih_l0"), (PyTorchSelection(prefix: "model."), "similarity_"),
      (PyTorchSelection(ignored: ["similarity_*"]), "rnn.weight_ih_l0"),
      (PyTorchSelection(prefix: "model.", ignored: ["similarity_*", "nothing?"]), "nothing?"),
    ] {
      let error = #expect(throws: ModelFileError.self) {
        _ = try Self.withFile(bytes) {
          try NetworkModel(pytorch: $0, configuration: $1, selection: selection)
        }
      }
      #expect("\(try #require(error))".contains(word))
    }
  }

  @Test(arguments: [
    ("*", "", true), ("*", "abc", true), ("a*c", "abbc", true), ("a*c", "abcb", false), ("a?c", "abc", true),
    ("?", "", false), ("*.bias", "a.bias", true), ("*.bias", "a.bias2", false), ("a*b*c", "a1b2b3c", true),
    ("", "", true),
    ("", "a", false),
  ]) func patterns(_ pattern: String, _ name: String, _ matches: Bool) throws {
    let selection = PyTorchSelection(ignored: [pattern])
    let kept = try? selection.selected([(name, Tensor([1]))], file: "x")
    #expect((kept?.isEmpty ?? false) == matches)
  }

  // MARK: refusals

  private static let four = [UInt8](repeating: 0, count: 16)

  private static func refusal(_ pickle: [UInt8], storages: [(key: String, bytes: [UInt8])] = [("0", four)])
    -> String
  {
    let bytes = Parts.archive(pickle: pickle, storages: storages)
    let error = #expect(throws: ExchangeError.self) { _ = try PyTorchArchive.read(bytes, file: "x.pt") }
    return error.map { "\($0)" } ?? ""
  }

  private static func one(at offset: Int = 0, _ shape: [Int], _ strides: [Int], count: Int = 4) -> [UInt8] {
    Parts.pickle(
      Parts.dictionary([
        ("w", Parts.tensor(Parts.storage(count: count), offset: offset, shape: shape, strides: strides))
      ]))
  }

  /// What the frame of the cases holds is read.
  @Test func theSoundOneIsRead() throws {
    let bytes = Parts.archive(
      pickle: Self.one([2, 2], [1, 2]), storages: [("0", [0, 0, 128, 63] + Self.four.dropLast(4))])
    let tensors = try PyTorchArchive.read(bytes, file: "x.pt")
    #expect(tensors.map(\.name) == ["w"] && tensors[0].tensor == Tensor([1, 0, 0, 0], shape: [2, 2]))
  }

  /// No program is run: names of anything else are refused, whoever calls them.
  @Test(arguments: [
    ("os", "system"), ("posix", "system"), ("builtins", "eval"), ("subprocess", "Popen"), ("torch", "load"),
    ("torch.hub", "load"), ("__main__", "Net"), ("torch.nn.modules.rnn", "LSTM"), ("torch", "FloatStorage2"),
  ]) func programsAreRefused(_ module: String, _ name: String) {
    let call = Parts.call(Parts.name(module, name), [Parts.string("echo")])
    #expect(Self.refusal(Parts.pickle(call)).contains("\(module).\(name)"))
    let short =
      [0x8C, UInt8(module.utf8.count)] + Array(module.utf8) + [0x8C, UInt8(name.utf8.count)]
      + Array(name.utf8)
    #expect(Self.refusal(Parts.pickle(short + [0x93])).contains("\(module).\(name)"))
  }

  private static let places: [(Int, [Int], [Int])] = [
    (0, [2, 3], [3, 1]), (1, [4], [1]), (0, [2, 2], [3, 1]), (0, [4], [0]), (0, [2, 2], [1, 1]),
    (-1, [1], [1]),
    (0, [-1], [1]), (0, [2], [-1]), (.max, [1], [1]), (0, [2], [.max]), (0, [1 << 40, 1 << 40], [1, 1]),
    (0, [2], [1, 1]),
  ]

  @Test(arguments: places) func placesBeyondTheStorage(_ offset: Int, _ shape: [Int], _ strides: [Int]) {
    #expect(Self.refusal(Self.one(at: offset, shape, strides)).contains("pickle"))
  }

  @Test func storagesThatAreNotThere() {
    #expect(Self.refusal(Self.one([4], [1]), storages: []).contains("storage \"0\""))
    #expect(Self.refusal(Self.one([4], [1], count: 5)).contains("5 elements"))
    #expect(Self.refusal(Self.one([4], [1], count: .max)).contains("storage"))
  }

  @Test func otherContents() {
    #expect(Self.refusal(Parts.pickle(Parts.string("text"))).contains("a string"))
    #expect(Self.refusal(Parts.pickle(Parts.dictionary([("a", Parts.integer(1))]))).contains("none"))
    let tensor = Parts.tensor(Parts.storage(count: 4), shape: [4], strides: [1])
    let mixed = Parts.dictionary([("w", tensor), ("n", Parts.integer(1))])
    #expect(Self.refusal(Parts.pickle(mixed)).contains("\"n\""))
    let twice = Parts.dictionary([("w", tensor), ("w", tensor)])
    #expect(Self.refusal(Parts.pickle(twice)).contains("once"))
    let inner = Parts.dictionary([("w", tensor)])
    #expect(
      Self.refusal(Parts.pickle(Parts.dictionary([("a", inner), ("b", inner)]))).contains("\"a\", \"b\""))
  }

  /// Lists that stand in each other without end, or in themselves, neither end the process nor are accepted.
  @Test func depth() {
    let tuples = [UInt8](repeating: 0x85, count: 300_000)
    #expect(Self.refusal(Parts.pickle([UInt8(ascii: "N")] + tuples)).contains("deep"))
    var lists: [UInt8] = []
    for _ in 0..<200_000 { lists.append(UInt8(ascii: "]")) }
    lists += [UInt8](repeating: UInt8(ascii: "a"), count: 199_999)
    #expect(Self.refusal(Parts.pickle(lists)).contains("a list"))
    #expect(Self.refusal(Parts.pickle(Array("]q\0h\0a".utf8))).contains("a list"))
    #expect(
      Self.refusal(Parts.pickle([UInt8](repeating: UInt8(ascii: "("), count: 1 << 20))).contains("marks"))
  }

  @Test func everyPrefixAndEveryByte() throws {
    let sound = Self.one([2, 2], [1, 2])
    for end in 0..<sound.count { _ = Self.refusal(Array(sound[..<end])) }
    for index in sound.indices {
      for value in [0, 0x28, 0x52, 0x7F, 0x8A, 0xFF] as [UInt8] {
        var changed = sound
        changed[index] = value
        _ = try? PyTorchArchive.read(
          Parts.archive(pickle: changed, storages: [("0", Self.four)]), file: "x.pt")
      }
    }
  }

  /// Files of other kinds are called what they are.
  private static let kinds: [([UInt8], String)] = [
    ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], "HDF5"),
    ([0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20], "before version 1.6"),
    ([0x80, 4, 0x95, 0], "a pickle"),
    (PyTorchParts.archive([("metadata.json", [])]), "Keras"), (PyTorchParts.archive([("a.txt", [])]), "ZIP"),
    ([0, 0, 0, 0] + Array("TFL3".utf8), "TensorFlow Lite"), ([0x1F, 0x8B, 8], "gzip"),
  ]

  @Test(arguments: kinds) func otherKinds(_ bytes: [UInt8], _ word: String) throws {
    let error = #expect(throws: ExchangeError.self) {
      _ = try Self.withFile(bytes) { try NetworkModel(pytorch: $0, configuration: $1) }
    }
    #expect(error?.found.contains(word) == true)
    let other = #expect(throws: ExchangeError.self) { _ = try ONNXModel(bytes, file: "x.onnx") }
    #expect(other?.found.contains(word) == true)
  }
}

extension Tensor {
  fileprivate static func normal(deviation: Float, shape: Shape, seed: UInt64) -> Tensor {
    var random = RandomSource(seed: seed)
    return .normal(deviation: deviation, shape: shape, using: &random)
  }
}
