import SampleModels
import UnrollCore
import UnrollExchange
import UnrollTasks
import UnrollTraining

/// Sound files that fuzzing begins with.
enum Seeds {
  static func all(_ parser: Parser) throws -> [[UInt8]] {
    switch parser {
    case .safetensors, .mapped: return try tensors()
    case .onnx, .graph: return try graphs()
    case .config: return try ModelFolders().configurations
    case .manifest: return try ModelFolders().manifests()
    case .checkpoint: return [Array(checkpoint.utf8)]
    case .pytorch: return [Array(modules.utf8)]
    case .archive:
      return pickles.map {
        PyTorchParts.archive(pickle: $0, storages: [("0", [UInt8](repeating: 0, count: 64))])
      }
    case .pickle: return pickles
    case .tokenizer: return SampleModels.tokenizers()
    case .csv: return tables.map { Array($0.utf8) }
    case .ts: return sequences.map { Array($0.utf8) }
    case .conll: return sentences.map { Array($0.utf8) }
    case .texts: return (texts + tables).map { Array($0.utf8) }
    case .arpa: return [Array(model.utf8)]
    }
  }

  private static func tensors() throws -> [[UInt8]] {
    let small: [Safetensors.NamedTensor] = [
      ("a", Tensor([1, 2, 3], shape: [3])), ("é.b", .zeros([2, 1])), ("c", .zeros([0, 4])), ("d", .zeros([])),
    ]
    let kinds = ["F64", "F32", "F16", "BF16", "I64", "I32", "U8", "BOOL"]
    let widths = [8, 4, 2, 2, 8, 4, 1, 1]
    var header = "{"
    var end = 0
    for (kind, width) in zip(kinds, widths) {
      header +=
        "\"\(kind)\":{\"dtype\":\"\(kind)\",\"shape\":[2],\"data_offsets\":[\(end),\(end + 2 * width)]},"
      end += 2 * width
    }
    let text = header.dropLast() + "}"
    let every =
      withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { Array($0) } + Array(text.utf8)
      + [UInt8](repeating: 1, count: end)
    let state = ["rule": "adam", "slots": "m,v", "steps": "3,0"]
    return [
      try Safetensors.encode(small, metadata: ["k": "v\n\"\\"], file: "x"), every,
      try Safetensors.encode(
        [("m.0", .zeros([2])), ("v.0", .zeros([2]))], metadata: state, file: "x"),
    ]
  }

  /// Every task's network, and the files of PyTorch's exporters that the tests keep.
  private static func graphs() throws -> [[UInt8]] {
    var seeds = [try SampleModels.network().onnx(), try SampleModels.network().onnx(takesStates: true)]
    let folder = try WorkFolder()
    for kind in SampleModels.Kind.allCases where kind != .graph {
      let path = "\(folder.path)/\(kind.rawValue)"
      try SampleModels.save(kind, to: path)
      seeds.append(try ONNXExport.export(path).bytes)
    }
    let goldens = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    for name in ["onnx_pytorch", "onnx_more", "onnx_operators", "onnx_standard"] {
      let path = "/\(goldens)/Tests/UnrollExchangeTests/Goldens/\(name).safetensors"
      guard let tensors = try? Safetensors.read(path).tensors else { continue }
      for (name, tensor) in tensors where name.contains("/model") {
        seeds.append(tensor.elements.map { UInt8($0) })
      }
    }
    return seeds
  }

  private static let checkpoint = """
    {"format":"unroll-checkpoint","version":1,"epoch":2,"step":3,"steps":13,"stepsPerEpoch":10,"lossSum":1.5,
    "random":{"state":[1,2,3,4]},"history":[{"epoch":1,"loss":1.5,"elapsed":1,"remaining":2}],"bestEpoch":1,
    "elapsed":2.5,"carryGroups":[1],"bestCheckpoint":10}
    """

  private static let modules = """
    {"modules":[{"name":"lstm","type":"LSTM","input_size":3,"hidden_size":2,"num_layers":1,"bidirectional":false,
    "batch_first":true,"bias":true,"dropout":0.5},{"type":"FinalState"},{"type":"ReLU"}],
    "heads":[{"name":"fc","type":"Linear","in_features":2,"out_features":4}]}
    """

  /// State dictionaries of several tensors, and a checkpoint.
  private static var pickles: [[UInt8]] {
    let whole = PyTorchParts.tensor(PyTorchParts.storage(count: 16), shape: [2, 8], strides: [8, 1])
    let turned = PyTorchParts.tensor(
      PyTorchParts.storage(count: 16), offset: 4, shape: [2, 3], strides: [1, 4])
    let state = PyTorchParts.dictionary([("a.weight", whole), ("a.bias", turned)])
    let checkpoint = PyTorchParts.dictionary([
      ("epoch", PyTorchParts.integer(3)), ("state_dict", state), ("rates", Array("](K\u{1}K\u{2}e".utf8)),
    ])
    return [PyTorchParts.pickle(state), PyTorchParts.pickle(checkpoint)]
  }

  private static let tables = [
    "date,store,sales\n2020-01-01,a,1\n2020-01-02,a,2.5\n2020-01-01,b,NA\n2020-01-02,b,-3e2\n",
    "t;x;y\r\n1;1,5;2\r\n2;;3\r\n3;\"4\";5\r\n", "ds\ty\n01/02/2020 13:00\t1\n01/03/2020 13:00\t2\n",
    "week,v\n2020-W01,1\n2020-W02,2\n2020-W05,3\n", "q,v\n2020Q1,1\n2020Q2,2\n",
    "time,v\n2020-01-01T00:00:00.5+02:00,1\n2020-01-01T00:00:01.5+01:00,2\n",
    "\u{FEFF}\"a\"\"b\",x\n1600000000,1\n1600003600,2\n", "x\n1\n\n3\n",
    "a,x\np,1\np,2\nq,3\n", "date,x\n2020-01,1\n2020-02,2\n",
  ]

  private static let sequences = [
    "# c\n@problemName a\n@timeStamps false\n@missing true\n@univariate false\n@dimensions 2\n@equalLength false\n"
      + "@classLabel true a b\n@data\n1,2,?:3,4:a\n5:6:b\n",
    "@data\n1,2\n3\n", "@seriesLength 2\n@classLabel false\n@data\n1,2\n",
  ]

  private static let sentences = [
    "a B-X\nb I-X\n\nc O\n", "-DOCSTART- -X- O O\n\na NN B-NP B-LOC\n",
    "# c\n1-2\tab\t_\tX\tY\t_\t_\t_\t_\t_\n1\ta\ta\tNOUN\tN\t_\t0\troot\t_\t_\n\n", "a\tS-X\nb\tE-X\n",
  ]

  private static let model = """
    \\data\\
    ngram 1=4
    ngram 2=2
    ngram 3=1

    \\1-grams:
    -99\t<s>\t-0.3
    -0.6\t</s>
    -1.2\t<unk>
    -0.7\tcat\t-0.2

    \\2-grams:
    -0.4\t<s> cat\t-0.1
    -0.5\tcat </s>

    \\3-grams:
    -0.1\t<s> cat </s>

    \\end\\

    """

  private static let texts = [
    "text,label\n\"a \"\"b\"\"\",x|y\nc,y\n", "a\tx\n\"b\"\ty\n", "__label__x a b\n__label__y c\n",
    "id,x,label\nA,1,u\nA,2,u\nB,3,v\n", "ein\tone\nzwei\ttwo\n",
    "\u{FEFF}plain text, 河流 👍🏽\r\nand more\n",
  ]
}
