import UnrollCore
import UnrollNetworks

/// A trainer's part of a journal: its checkpoints and its result.
package final class JournalEntry {
  private let journal: TrainingJournal
  /// The trainer's turn, from 1.
  package let training: Int
  private var bestCheckpoint: (epoch: Int, steps: Int)?
  /// The steps at which whole checkpoints were made, rising.
  private var kept: [Int] = []
  private let clock = ContinuousClock()
  private var lastSave: ContinuousClock.Instant

  init(_ journal: TrainingJournal, training: Int) {
    self.journal = journal
    self.training = training
    lastSave = clock.now
  }

  // MARK: - Names

  private static let digits = 10

  private func stem(_ folder: String) -> String { "\(folder)/training-\(training)-" }

  package func checkpointPath(steps: Int, in folder: String) -> String {
    let number = String(steps)
    return stem(folder) + "step-" + String(repeating: "0", count: max(0, Self.digits - number.count)) + number
  }

  private func resultPath(_ folder: String) -> String { stem(folder) + "result" }

  /// The steps of the checkpoints that are there, rising.
  private func steps(in folder: String) throws(ModelFileError) -> [Int] {
    let prefix = "training-\(training)-step-"
    return try FileSystem.names(in: folder).compactMap {
      $0.hasPrefix(prefix) ? Int($0.dropFirst(prefix.count)) : nil
    }.sorted()
  }

  // MARK: - Going on

  /// The newest checkpoint of which every file is whole; those that are damaged are passed over with a note.
  ///
  /// - Throws: `ModelFileError` when one is of another version or cannot be read.
  package func newest() throws(ModelFileError) -> TrainingSnapshot? {
    guard let folder = journal.folder else { return nil }
    let found = try steps(in: folder)
    for (index, steps) in found.enumerated().reversed() {
      do throws(ModelFileError) {
        let snapshot = try TrainingSnapshot(contentsOf: checkpointPath(steps: steps, in: folder))
        kept = Array(found[...index])
        if let best = snapshot.record.bestEpoch, let first = snapshot.record.bestCheckpoint {
          bestCheckpoint = (best, first)
        }
        journal.count(secondsBefore: snapshot.record.elapsed)
        return snapshot
      } catch {
        try passOver(error)
      }
    }
    return nil
  }

  /// Notes damage and lets anything else through.
  private func passOver(_ error: ModelFileError) throws(ModelFileError) {
    guard error.reason == .damaged || error.reason == .missing else { throw error }
    journal.note("passed over: \(error)")
  }

  func note(_ text: String) { journal.note(text) }
  func interrupt() { journal.interrupt() }

  // MARK: - Checkpoints

  /// Whether it is time for a checkpoint.
  func isDue(steps: Int) -> Bool {
    guard journal.folder != nil else { return false }
    return switch journal.interval {
    case .steps(let count): steps % max(1, count) == 0
    case .seconds(let seconds): (clock.now - lastSave) / .seconds(1) >= seconds
    }
  }

  /// The first checkpoint that knows the best epoch, if one made now would not be it.
  private func bestCheckpoint(_ record: TrainingSnapshot.Record) -> Int? {
    guard let best = record.bestEpoch else { return nil }
    return bestCheckpoint.flatMap { $0.epoch == best ? $0.steps : nil } ?? record.steps
  }

  /// The steps that save a moment.
  ///
  /// - Throws: `TrainingError.notFinite` when something of it is no number.
  package func plan(_ snapshot: TrainingSnapshot) throws -> SavePlan? {
    guard let folder = journal.folder else { return nil }
    if let place = snapshot.fault {
      throw TrainingError.notFinite(place: place, epoch: snapshot.record.epoch, step: snapshot.record.step)
    }
    var snapshot = snapshot
    snapshot.record.bestCheckpoint = bestCheckpoint(snapshot.record)
    let path = checkpointPath(steps: snapshot.record.steps, in: folder)
    // One that was damaged, and passed over.
    if try FileSystem.kind(of: path) != nil { try CheckedFolder.remove(path) }
    return try CheckedFolder.plan(try snapshot.files(path), to: path)
  }

  /// Saves a moment, and removes older ones.
  package func save(_ snapshot: TrainingSnapshot) throws {
    guard let folder = journal.folder, let plan = try plan(snapshot) else { return }
    journal.tellLogs { try $0.flush() }
    try plan.run()
    lastSave = clock.now
    let steps = snapshot.record.steps
    if let best = snapshot.record.bestEpoch, let first = bestCheckpoint(snapshot.record) {
      bestCheckpoint = (best, first)
    }
    kept = kept.filter { $0 < steps } + [steps]
    let wanted = Set(kept.suffix(2) + [bestCheckpoint?.steps].compactMap { $0 })
    kept = kept.filter(wanted.contains)
    // What cannot be removed does no harm.
    for old in (try? self.steps(in: folder)) ?? [] where old < steps && !wanted.contains(old) {
      try? CheckedFolder.remove(checkpointPath(steps: old, in: folder))
    }
  }

  // MARK: - Results

  private struct ResultRecord: Codable {
    var format = JournalEntry.resultFormat
    var version = JournalEntry.resultVersion
    var history: [EpochReport]
    var bestEpoch: Int?
    var end: TrainingEnd
    var elapsed: Double
  }

  private static let resultFormat = "unroll-training-result"
  private static let resultVersion = 1
  private static let resultFile = "result.json"
  private static let weightsFile = "model.safetensors"

  /// What the trainer ended with in an earlier process; `nil` when it did not end.
  ///
  /// - Parameter model: one of the same form, whose weights are taken from the folder.
  func result<Model: Module>(_ model: Model) throws(ModelFileError) -> TrainingResult<Model>? {
    guard let folder = journal.folder else { return nil }
    let path = resultPath(folder)
    guard try FileSystem.kind(of: path) != nil else { return nil }
    let files: [String: [UInt8]]
    let record: ResultRecord
    let tensors: [Safetensors.NamedTensor]
    do throws(ModelFileError) {
      files = try CheckedFolder.read(path)
      record = try TrainingSnapshot.decodeRecord(
        ResultRecord.self, files[Self.resultFile] ?? [], format: Self.resultFormat,
        version: Self.resultVersion, file: "\(path)/\(Self.resultFile)")
      try TrainingSnapshot.check(
        record.history, bestEpoch: record.bestEpoch, elapsed: record.elapsed,
        file: "\(path)/\(Self.resultFile)")
      tensors = try Safetensors.decode(
        files[Self.weightsFile] ?? [], file: "\(path)/\(Self.weightsFile)"
      ).tensors
    } catch {
      try passOver(error)
      return nil
    }
    var trained = model
    try trained.takeWeights(tensors, file: "\(path)/\(Self.weightsFile)")
    journal.count(secondsBefore: record.elapsed)
    return TrainingResult(
      model: trained, history: record.history, best: record.bestEpoch.map { record.history[$0 - 1] },
      end: record.end)
  }

  /// Stores what the trainer ended with, and removes its checkpoints.
  func finish<Model: Module>(_ result: TrainingResult<Model>, elapsed: Double) throws {
    journal.tellLogs { try $0.flush() }
    guard let folder = journal.folder else { return }
    let path = resultPath(folder)
    let record = ResultRecord(
      history: result.history, bestEpoch: result.best?.epoch, end: result.end, elapsed: elapsed)
    let weights = result.model.namedWeights()
    if let name = weights.first(where: { !Kernels.allFinite($0.tensor) })?.name {
      throw TrainingError.notFinite(place: .weight(name), epoch: result.history.count, step: 0)
    }
    if try FileSystem.kind(of: path) != nil { try CheckedFolder.remove(path) }
    try CheckedFolder.plan(
      [
        (Self.resultFile, try ModelDirectory.encode(record, file: "\(path)/\(Self.resultFile)")),
        (Self.weightsFile, try Safetensors.encode(weights, file: "\(path)/\(Self.weightsFile)")),
      ], to: path
    ).run()
    if journal.keepsAll { return }
    for old in (try? steps(in: folder)) ?? [] {
      try? CheckedFolder.remove(checkpointPath(steps: old, in: folder))
    }
  }

  // MARK: - Logs

  /// Steps between looks at distributions; the last of an epoch is one of them too.
  private static let lookEvery = 100

  /// Whether gradients and gates of a step are to be looked at.
  func looks(at step: Int, isLast: Bool) -> Bool {
    (isLast || step % Self.lookEvery == 0) && journal.writtenLogs.contains { $0.wantsDistributions }
  }

  /// Hands an event to the logs.
  func record(_ event: TrainingEvent, steps: Int) {
    journal.tellLogs { try $0.record(event, training: training, steps: steps) }
  }

  func recordResumption(steps: Int) {
    journal.tellLogs { try $0.resume(training: training, steps: steps) }
  }

  /// Hands the distributions of gradients and gates to the logs.
  ///
  /// - Parameter parameters: those of the network, by which layers are named.
  func record(
    _ gradients: Gradients, _ probe: GateProbe, parameters: [(name: String, value: Tensor)], steps: Int
  ) {
    var all = zip(gradients.names, gradients.values).map { name, gradient in
      TrainingDistribution(
        .gradient, name: name, gradient.stored.withUnsafeElements { Histogram($0) })
    }
    let names = Dictionary(
      parameters.map { (ObjectIdentifier($0.value.storage), $0.name) },
      uniquingKeysWith: { first, _ in first })
    for (index, layer) in probe.layers.enumerated() {
      // `core.layers.0.forward.cell.weightInput` is of `core.layers.0.forward`.
      let path = layer.weights.flatMap { names[$0] }?.split(separator: ".").dropLast()
      let own = path.map { $0.last == "cell" ? $0.dropLast() : $0 }
      let name = own.map { $0.joined(separator: ".") } ?? "recurrence-\(index + 1)"
      for gate in layer.gates {
        all.append(
          TrainingDistribution(.gate, name: "\(name)/\(gate.name)", Histogram(gate.values, range: 0...1)))
      }
    }
    journal.tellLogs { log in
      guard log.wantsDistributions else { return }
      for distribution in all { try log.record(distribution, training: training, steps: steps) }
    }
  }
}
