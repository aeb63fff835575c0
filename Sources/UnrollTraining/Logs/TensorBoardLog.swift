#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A log that TensorBoard shows: a folder for each training, `training-1` and so on, which it takes for runs to compare.
///
/// | tag | |
/// |---|---|
/// | `loss/step`, `loss/epoch`, `loss/validation` | of each step; of each epoch |
/// | `gradient-norm`, `learning-rate` | of each step |
/// | `gradients/NAME` | histograms of the gradient of a parameter |
/// | `gates/LAYER/GATE` | histograms of a gate of a recurrent layer, over steps and units of a few sequences |
///
/// Each process writes files of its own; one that goes on with a training says from which step on.
public final class TensorBoardLog: TrainingLog {
  public let wantsDistributions = true
  private let folder: String
  private var files: [Int: AppendedFile] = [:]

  /// Writes into a folder, which is made where there is none.
  ///
  /// - Throws: `ModelFileError` when it cannot be made.
  public init(_ folder: String) throws(ModelFileError) {
    self.folder = folder
    if try FileSystem.kind(of: folder) == nil { try FileSystem.makeFolder(folder) }
  }

  private static var now: Double { Date().timeIntervalSince1970 }
  private static let prefix = "events.out.tfevents."

  /// The file of a training. TensorBoard reads a folder's files in the order of their names, so that of a later
  /// process must come later, whatever the clock says.
  private func file(_ training: Int) throws(ModelFileError) -> AppendedFile {
    if let file = files[training] { return file }
    let place = "\(folder)/training-\(training)"
    if try FileSystem.kind(of: place) == nil { try FileSystem.makeFolder(place) }
    let seconds = try FileSystem.names(in: place).compactMap { name -> Int? in
      guard name.hasPrefix(Self.prefix) else { return nil }
      return Int(name.dropFirst(Self.prefix.count).prefix { $0 != "." })
    }
    let time = max(Int(Self.now), (seconds.max() ?? -1) + 1)
    let file = try AppendedFile("\(place)/\(Self.prefix)\(time).unroll")
    try file.append(EventRecord.version(wallTime: Self.now))
    files[training] = file
    return file
  }

  public func record(_ event: TrainingEvent, training: Int, steps: Int) throws {
    let file = try file(training)
    func write(_ tag: String, _ value: Float) throws(ModelFileError) {
      try file.append(EventRecord.scalar(tag, value, wallTime: Self.now, step: steps))
    }
    switch event {
    case .started: break
    case .step(let step):
      try write("loss/step", Float(step.stepLoss))
      try write("gradient-norm", Float(step.gradientNorm))
      try write("learning-rate", step.learningRate)
    case .epoch(let epoch):
      try write("loss/epoch", Float(epoch.loss))
      if let validation = epoch.validation { try write("loss/validation", Float(validation)) }
      try file.flush()
    case .finished: try file.flush()
    }
  }

  public func record(_ distribution: TrainingDistribution, training: Int, steps: Int) throws {
    try file(training).append(
      EventRecord.histogram(
        "\(distribution.kind.rawValue)/\(distribution.name)", distribution.histogram, wallTime: Self.now,
        step: steps))
  }

  public func resume(training: Int, steps: Int) throws {
    try file(training).append(EventRecord.restart(wallTime: Self.now, step: steps + 1))
  }

  public func flush() throws { for file in files.values { try file.flush() } }
}
