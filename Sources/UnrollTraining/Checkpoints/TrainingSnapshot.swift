import UnrollCore
import UnrollNetworks

/// A moment of a training, from which it goes on with the same bits.
///
/// | file | holds |
/// |---|---|
/// | `checkpoint.json` | where the training stands: ``Record`` |
/// | `model.safetensors` | the weights |
/// | `optimizer.safetensors` | what the optimizer remembers of each |
/// | `average.safetensors` | their moving average, where one is kept |
/// | `best.safetensors` | the weights of the best epoch, after the first |
/// | `carry.safetensors` | what a step hands on to the next, within an epoch |
/// | `manifest.json` | size and SHA-256 of each file above |
package struct TrainingSnapshot {
  /// What is not a tensor.
  package struct Record: Codable, Equatable {
    var format = TrainingSnapshot.format
    var version = TrainingSnapshot.version
    /// The epoch that is under way, from 1.
    package var epoch: Int
    /// How many of its steps were taken.
    package var step: Int
    /// How many steps were taken in all.
    package var steps: Int
    var stepsPerEpoch: Int
    /// The sum of the losses of the epoch's steps.
    var lossSum: Double
    /// The random numbers that come next. The order of the examples is not stored: whoever goes on shuffles again
    /// from the seed, and must arrive here.
    var random: RandomSource
    /// Every epoch that ended. The schedule and early stopping remember nothing else.
    var history: [EpochReport]
    /// The best of them.
    var bestEpoch: Int?
    /// Seconds of training so far.
    var elapsed: Double
    /// The number of tensors in each group of what is carried; `nil`: nothing is.
    var carryGroups: [Int]?
    /// The steps at the first checkpoint since the best epoch.
    var bestCheckpoint: Int?
  }

  package var record: Record
  package var weights: [Safetensors.NamedTensor]
  var average: [Safetensors.NamedTensor]?
  var best: [Safetensors.NamedTensor]?
  package var optimizer: OptimizerState
  var carry: [[Tensor]]?

  static let format = "unroll-checkpoint"
  static let version = 1
  static let recordFile = "checkpoint.json"
  private static let weightsFile = "model.safetensors"
  private static let averageFile = "average.safetensors"
  private static let bestFile = "best.safetensors"
  private static let optimizerFile = "optimizer.safetensors"
  private static let carryFile = "carry.safetensors"

  /// The files of a checkpoint at a path.
  func files(_ path: String) throws(ModelFileError) -> [(name: String, bytes: [UInt8])] {
    func encode(
      _ name: String, _ tensors: [Safetensors.NamedTensor]
    ) throws(ModelFileError) -> (name: String, bytes: [UInt8]) {
      (name, try Safetensors.encode(tensors, file: "\(path)/\(name)"))
    }
    var files: [(name: String, bytes: [UInt8])] = [
      (Self.recordFile, try ModelDirectory.encode(record, file: "\(path)/\(Self.recordFile)")),
      try encode(Self.weightsFile, weights),
      (Self.optimizerFile, try optimizer.encoded(file: "\(path)/\(Self.optimizerFile)")),
    ]
    if let average { files.append(try encode(Self.averageFile, average)) }
    if let best { files.append(try encode(Self.bestFile, best)) }
    if let carry {
      let tensors = carry.enumerated().flatMap { group, parts in
        parts.enumerated().map { ("\(group).\($0)", $1) }
      }
      files.append(try encode(Self.carryFile, tensors))
    }
    return files
  }

  /// Reads a checkpoint, every file of it checked.
  package init(contentsOf path: String) throws(ModelFileError) {
    let files = try CheckedFolder.read(path)
    func bytes(_ name: String) throws(ModelFileError) -> [UInt8] {
      guard let found = files[name] else {
        throw ModelFileError(
          .damaged, file: path, expected: "the file \(name) in the manifest", found: "none")
      }
      return found
    }
    func tensors(_ name: String) throws(ModelFileError) -> [Safetensors.NamedTensor] {
      try Safetensors.decode(try bytes(name), file: "\(path)/\(name)").tensors
    }
    record = try Self.decodeRecord(
      Record.self, try bytes(Self.recordFile), format: Self.format, version: Self.version,
      file: "\(path)/\(Self.recordFile)")
    weights = try tensors(Self.weightsFile)
    optimizer = try OptimizerState(
      decoding: try bytes(Self.optimizerFile), file: "\(path)/\(Self.optimizerFile)")
    if files[Self.averageFile] != nil { average = try tensors(Self.averageFile) }
    try Self.check(record, file: "\(path)/\(Self.recordFile)")
    if record.bestEpoch != nil { best = try tensors(Self.bestFile) }
    if let groups = record.carryGroups {
      carry = try Self.grouped(try tensors(Self.carryFile), groups, file: "\(path)/\(Self.carryFile)")
    }
  }

  init(
    record: Record, weights: [Safetensors.NamedTensor], average: [Safetensors.NamedTensor]?,
    best: [Safetensors.NamedTensor]?, optimizer: OptimizerState, carry: [[Tensor]]?
  ) {
    self.record = record
    self.weights = weights
    self.average = average
    self.best = best
    self.optimizer = optimizer
    self.carry = carry
  }

  private struct Header: Decodable {
    var format: String
    var version: Int
  }

  /// Reads a record whose format and version must be these.
  static func decodeRecord<Value: Decodable>(
    _ type: Value.Type, _ bytes: [UInt8], format: String, version: Int, file: String
  ) throws(ModelFileError) -> Value {
    let header = try ModelDirectory.decode(Header.self, bytes, file: file)
    guard header.format == format, header.version == version else {
      throw ModelFileError(
        .unsupported, file: file, expected: "\(format) of version \(version)",
        found: "\(header.format) of version \(header.version)")
    }
    return try ModelDirectory.decode(type, bytes, file: file)
  }

  /// Numbers that the rest of the program may count on.
  private static func check(_ record: Record, file: String) throws(ModelFileError) {
    let counts = [record.epoch, record.step, record.steps, record.stepsPerEpoch]
    guard counts.allSatisfy({ (0...1 << 53).contains($0) }), record.epoch == record.history.count + 1 else {
      throw ModelFileError(
        .damaged, file: file, expected: "an epoch behind those of the history, and counts of steps",
        found: "epoch \(record.epoch) after \(record.history.count)")
    }
    try check(record.history, bestEpoch: record.bestEpoch, elapsed: record.elapsed, file: file)
  }

  /// The same for what checkpoints and results have in common.
  static func check(
    _ history: [EpochReport], bestEpoch: Int?, elapsed: Double, file: String
  ) throws(ModelFileError) {
    func damaged(_ expected: String, _ found: String) -> ModelFileError {
      ModelFileError(.damaged, file: file, expected: expected, found: found)
    }
    for (index, report) in history.enumerated() where report.epoch != index + 1 {
      throw damaged("epoch \(index + 1) at this place of the history", "epoch \(report.epoch)")
    }
    if let bestEpoch, !(1...max(1, history.count)).contains(bestEpoch) || history.isEmpty {
      throw damaged("a best epoch among \(history.count)", "\(bestEpoch)")
    }
    let times = history.flatMap { [$0.elapsed, $0.remaining] } + [elapsed]
    if let time = times.first(where: { !(0...1e12).contains($0) }) {
      throw damaged("times in seconds", "\(time)")
    }
  }

  private static func grouped(
    _ tensors: [Safetensors.NamedTensor], _ groups: [Int], file: String
  ) throws(ModelFileError) -> [[Tensor]] {
    var rest = tensors[...]
    var result: [[Tensor]] = []
    for count in groups {
      guard (0...rest.count).contains(count) else { break }
      result.append(rest.prefix(count).map(\.tensor))
      rest = rest.dropFirst(count)
    }
    guard result.count == groups.count, rest.isEmpty else {
      throw ModelFileError(
        .damaged, file: file, expected: "groups of \(groups) tensors", found: "\(tensors.count) tensors")
    }
    return result
  }

  /// What of this moment is infinite or no number: nothing of that sort is ever written.
  var fault: TrainingError.Place? {
    func first(_ tensors: [Safetensors.NamedTensor]?) -> String? {
      tensors?.first { !Kernels.allFinite($0.tensor) }?.name
    }
    if let name = first(weights) { return .weight(name) }
    if let name = first(average) { return .average(name) }
    if let name = first(best) { return .weight(name) }
    for (_, slot) in optimizer.slots.sorted(by: { $0.key < $1.key }) {
      for (tensor, weight) in zip(slot, weights) where !(tensor.map { Kernels.allFinite($0) } ?? true) {
        return .memory(weight.name)
      }
    }
    return (carry ?? []).joined().allSatisfy { Kernels.allFinite($0) } ? nil : .carry
  }
}
