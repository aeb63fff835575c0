import UnrollCore
import UnrollTasks
import UnrollTraining

/// Models of all tasks as ONNX files.
public enum ONNXExport {
  /// What an export takes beside the model.
  public struct Options: Sendable, Equatable {
    /// Whether the states before the first step are inputs, for streams that come in pieces; else they are zeros.
    public var takesStates = false

    public init(takesStates: Bool = false) { self.takesStates = takesStates }
  }

  /// What an export gave.
  public struct Result: Sendable {
    public let bytes: [UInt8]
    /// What the model's own network read and gave, of two sizes; the exported graph gave the same.
    public let probes: [NetworkProbe]
  }

  /// Makes an ONNX file of a model folder of any task.
  ///
  /// The graph runs on made-up inputs of two sizes, and must give what the model's own network gives.
  ///
  /// - Throws: `ModelFileError` when the folder cannot be read, `ExchangeError` when the network cannot be written or
  ///   the two forms differ.
  public static func export(_ path: String, _ options: Options = Options()) throws -> Result {
    let model = try TaskRegistry.load(path)
    let bytes: [UInt8]
    if let network = model as? NetworkModel {
      bytes = try network.onnx(takesStates: options.takesStates, file: path)
    } else {
      let folder = try ModelDirectory.load(path)
      guard let exporter = exporters[folder.task] else {
        throw ModelFileError(
          .otherTask, file: path,
          expected: "a model of a task that can be exported: "
            + (exporters.keys + [NetworkModel.task]).sorted().joined(separator: ", "), found: folder.task)
      }
      bytes = try exporter(folder, options)
    }
    guard let probed = model as? any ProbedModel else {
      throw ModelFileError(.otherTask, file: path, expected: "a model that can be probed", found: "another")
    }
    let graph = try ONNXModel(bytes, file: path)
    var probes: [NetworkProbe] = []
    for size in [ProbeSize(batch: 3, steps: 5), ProbeSize(batch: 1, steps: 2, seed: 2)] {
      let probe = try probed.probe(size)
      try compare(graph, probe)
      probes.append(probe)
    }
    return Result(bytes: bytes, probes: probes)
  }

  typealias Exporter = @Sendable (LoadedModel, Options) throws -> [UInt8]

  /// Holds a graph against what a network gave.
  package static func compare(_ graph: ONNXModel, _ probe: NetworkProbe) throws(ExchangeError) {
    var values: [String: ONNXTensor] = [:]
    for (name, value) in probe.inputs {
      // What the graph does not ask for, such as states when they start from zeros, is zeros in a probe.
      guard let port = graph.inputs.first(where: { $0.name == name }) else { continue }
      values[name] = Operators.converted(ONNXTensor(value.tensor), to: port.type)
    }
    let found = try graph.run(values)
    for (name, expected) in probe.outputs {
      guard let value = found[name]?.tensor, value.shape == expected.shape else {
        throw ExchangeError(
          .mismatch, file: graph.file, place: "output \"\(name)\"", expected: "shape \(expected.shape)",
          found: found[name].map { "\($0.shape)" } ?? "none")
      }
      for (index, (a, b)) in zip(value.elements, expected.elements).enumerated() {
        // Single precision in another order of sums.
        guard a == b || abs(a - b) <= 1e-4 * max(1, abs(b)) else {
          throw ExchangeError(
            .mismatch, file: graph.file, place: "output \"\(name)\", element \(index)",
            expected: "\(b), as the network gives", found: "\(a)")
        }
      }
    }
  }
}

extension NetworkModel: ProbedModel {
  public func probe(_ size: ProbeSize) throws -> NetworkProbe {
    var random = RandomSource(seed: size.seed)
    var probe = NetworkProbe()
    let inputs = settings.layers.first?.inputs ?? 1
    if readsTokens {
      let tokens = (0..<size.batch * size.steps).map { _ in Int(random.next() % UInt64(inputs)) }
      probe.reads("tokens", tokens, [size.batch, size.steps])
    } else {
      probe.reads("input", .normal(deviation: 1, shape: [size.batch, size.steps, inputs], using: &random))
    }
    probe.reads("lengths", size.lengths, [size.batch])
    let arrays = Dictionary(probe.inputs.map { ($0.name, $0.value.tensor) }) { first, _ in first }
    for (name, tensor) in try run(arrays: arrays) { probe.gives(name, tensor) }
    for (name, tensor) in zeroStates(batch: size.batch) { probe.reads(name, tensor) }
    return probe
  }
}
