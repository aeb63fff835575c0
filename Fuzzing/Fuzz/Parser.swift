import SampleModels
import UnrollCore
import UnrollData
import UnrollExchange
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// What reads files that anyone may have written.
enum Parser: String, CaseIterable {
  /// A file in memory, and the state of an optimizer in one.
  case safetensors
  /// The same from where the system keeps it.
  case mapped
  case onnx
  /// An ONNX file that is also run on a made-up input, in both forms.
  case graph
  /// `config.json` of every task, in a folder whose other files are sound.
  case config
  case manifest
  /// `checkpoint.json` of a training.
  case checkpoint
  /// `net.json` of an import from PyTorch.
  case pytorch
  /// An archive of `torch.save`.
  case archive
  /// The pickle within one, beside a sound storage.
  case pickle
  case tokenizer
  case csv
  /// `.ts` files of sequences.
  case ts
  case conll
  /// Texts with labels, pairs, tables of sequences, and plain text.
  case texts
  /// An n-gram model, from which one is made.
  case arpa

  /// What is done with each input. What is slow to make is made once.
  func makeRun() throws -> ([UInt8]) throws -> Void {
    switch self {
    case .safetensors: return Self.safetensors
    case .mapped:
      let folder = try WorkFolder()
      return { bytes in
        let path = "\(folder.path)/x"
        try WorkFolder.write(bytes, path)
        let file = try SafetensorsFile(path)
        for name in file.names { _ = try file.tensor(name) }
      }
    case .onnx: return { _ = try ONNXModel($0, file: "x.onnx") }
    case .graph: return { _ = try GraphModel($0, file: "x.onnx") }
    case .config: return try ModelFolders().config
    case .manifest: return try ModelFolders().manifest
    case .checkpoint: return try CheckpointFolder().run
    case .pytorch: return Self.pytorch
    case .archive: return { _ = try PyTorchArchive.read($0, file: "x.pt") }
    case .pickle:
      let numbers = [UInt8](repeating: 0, count: 64)
      return { bytes in
        let archive = PyTorchParts.archive(pickle: bytes, storages: [("0", numbers)])
        _ = try PyTorchArchive.read(archive, file: "x.pt")
      }
    case .tokenizer:
      return { bytes in
        let tokenizer = try TokenizerFile.read(bytes, name: "tokenizer.json")
        let ids = tokenizer.encode("The cat, é 河流 <s>\n") + [0, -1, .max]
        _ = tokenizer.decode(ids)
        // What is read is written, and read again.
        let written = tokenizer.tokenizerJSON()
        let again = try TokenizerFile.read(written, name: "tokenizer.json")
        precondition(again.tokenizerJSON() == written)
      }
    case .csv: return Self.csv
    case .ts:
      return { bytes in
        var reader = try SequenceFileReader(Self.source(bytes))
        while try reader.next() != nil {}
      }
    case .conll: return Self.conll
    case .texts: return Self.texts
    case .arpa: return Self.arpa
    }
  }

  private static func source(_ bytes: [UInt8]) -> ByteSource {
    // Pieces of all sizes, by the input itself.
    ByteSource(bytes, name: "data", pieceSize: 1 + Int(bytes.last ?? 0) % 64)
  }

  private static func safetensors(_ bytes: [UInt8]) throws {
    let (tensors, metadata) = try Safetensors.decode(bytes, file: "x")
    let written = try Safetensors.encode(tensors, metadata: metadata, file: "x")
    let again = try Safetensors.decode(written, file: "x")
    precondition(again.tensors.map(\.name) == tensors.map(\.name) && again.metadata == metadata)
    _ = try OptimizerState(decoding: bytes, file: "x")
  }

  private static let weights: [Safetensors.NamedTensor] = [
    ("lstm.weight_ih_l0", .zeros([8, 3])), ("lstm.weight_hh_l0", .zeros([8, 2])),
    ("lstm.bias_ih_l0", .zeros([8])), ("lstm.bias_hh_l0", .zeros([8])), ("fc.weight", .zeros([4, 2])),
    ("fc.bias", .zeros([4])),
  ]

  private static func pytorch(_ bytes: [UInt8]) throws {
    let described = try ModelDirectory.decode(PyTorchConfiguration.self, bytes, file: "net.json")
    _ = try NetworkModel(described, weights, file: "x.safetensors", configuration: "net.json")
  }

  private static func csv(_ bytes: [UInt8]) throws {
    let table = try CSVTable(bytes: bytes, name: "data.csv")
    var failure: (any Error)?
    for request in [
      SeriesRequest(), SeriesRequest(targets: ["x"], id: "a"),
      SeriesRequest(time: "date", frequency: .monthly),
      SeriesRequest(frequency: .step), SeriesRequest(wide: true),
      SeriesRequest(dates: .dmy, decimal: .comma, repeatedTimes: .mean),
      SeriesRequest(known: ["x"], past: ["y"], statics: ["k"]),
      SeriesRequest(timeFormat: try? TimeFormat(pattern: String(decoding: bytes.prefix(40), as: UTF8.self))),
    ] {
      do { _ = try TimeSeries(table, request) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  private static func conll(_ bytes: [UInt8]) throws {
    for tag in [nil, "2", "MISC"] {
      try? {
        let format = try TaggedFormat.find(bytes, name: "data", tag: tag)
        _ = try TaggedCorpus(source(bytes), format: format, as: .bio)
      }()
    }
    for format in [TaggedFormat.conll(), .conll(tag: 0), .conllu(tag: .universalTag)] {
      try? {
        var reader = try TaggedReader(source(bytes), format: format)
        var finder = TagSchemeFinder(file: "data")
        while let sentence = try reader.next() {
          finder.add(sentence)
          for scheme in TagScheme.allCases { _ = scheme.convert(sentence.tags, to: .bioes) }
        }
        _ = try finder.scheme()
      }()
    }
  }

  private static func arpa(_ bytes: [UInt8]) throws {
    let file = try ARPAModel(source(bytes))
    // What is read is written, and read again.
    let again = try ARPAModel(ByteSource(file.bytes, name: "data"))
    precondition(again.words == file.words && again.orders.map(\.words) == file.orders.map(\.words))
    let tokens = Dictionary(uniqueKeysWithValues: file.words.enumerated().map { ($1, Int32($0)) })
    let model = try NGramModel(file, vocabularySize: file.words.count) { tokens[$0] }
    _ = model.logProbability(ofSentence: Array(tokens.values.prefix(20)) + [-1, .max])
    _ = ARPAModel(model, words: file.words).bytes
  }

  private static func texts(_ bytes: [UInt8]) throws {
    _ = try? WordVectors(source(bytes))
    _ = TreebankSplitter(learning: ["n't", "'s", "a-b"]).words(in: String(decoding: bytes, as: UTF8.self))
    try? {
      var reader = try PairReader(source(bytes), source: "text", target: "label")
      while try reader.next() != nil {}
    }()
    for format in [
      LabeledTextFormat.columns(text: "text", label: "label", separator: "|"), .numbered(text: 1, label: 2),
      .fastText,
    ] {
      try? {
        var reader = try LabeledTextReader(source(bytes), format: format)
        while try reader.next() != nil {}
      }()
    }
    try? {
      var reader = try SequenceTableReader(source(bytes), id: "id", label: "label")
      while try reader.next() != nil {}
    }()
    try? {
      var reader = try PairReader(separated: source(bytes))
      while try reader.next() != nil {}
    }()
    var reader = TextChunkReader(source(bytes), chunkSize: 16)
    while let chunk = try reader.next() {
      for tokenizer in tokenizers { _ = tokenizer.decode(tokenizer.encode(chunk)) }
    }
  }

  private static let tokenizers = SampleModels.tokenizers().compactMap {
    try? TokenizerFile.read($0, name: "tokenizer.json")
  }
}

/// The errors by which files are refused.
enum Refusal {
  static func isKnown(_ error: any Error) -> Bool {
    error is ModelFileError || error is DataError || error is ExchangeError
  }
}
