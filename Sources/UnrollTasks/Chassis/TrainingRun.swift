import UnrollCore
import UnrollNetworks
import UnrollTraining

/// One training of a model, from data to model: members, hold-out, calibration, scores, refit and time limit.
struct TrainingRun<Task: TaskDefinition> {
  let data: Task.Data
  let validation: Task.Data?
  let settings: Task.Settings
  let start: Model<Task>?
  let grows: Bool
  let session: TaskSession
  private let clock = ContinuousClock()

  /// What the trainers gave.
  private struct Fit {
    var settings: Task.Settings
    let preparation: Task.Preparation
    var results: [TrainingResult<Task.Network>] = []
    /// What each member held out.
    var heldOut: [Task.Data?] = []

    var networks: [Task.Network] { results.map(\.model) }

    /// Why it ended: what cut a member short counts for all.
    var end: TrainingEnd {
      if results.count < settings.learning.members { return .interrupted }
      return results.map(\.end).first { $0 != .completed && $0 != .stoppedEarly } ?? results[0].end
    }
  }

  init(
    data: Task.Data, validation: Task.Data?, settings: Task.Settings, start: Model<Task>?, grows: Bool,
    session: TaskSession
  ) {
    self.data = data
    self.validation = validation
    self.settings = settings
    self.start = start
    self.grows = grows
    self.session = session
  }

  func run() throws -> Model<Task> {
    let begin = clock.now
    let first = try parts(of: 0)
    let holdsOut = first.validation != nil || first.test != nil
    let refits = settings.learning.refit && holdsOut
    // Half of the time goes to the choice, half to what is kept.
    let limit = settings.learning.timeLimit.map { refits ? 0.48 * $0 : $0 }
    let fit = try fit(
      first, learningFrom: Task.splitsByMember ? data : first.training, epochs: nil, limit: limit,
      phase: refits ? "choosing the number of epochs" : nil, since: begin)
    var model = model(fit, begin)
    if let held = first.validation { model.calibration = try Task.calibrate(model, on: held) }
    try score(&model, fit, first)
    if refits, fit.end != .interrupted {
      let whole = try session.shouldStop() ? nil : refit(fit, since: begin)
      if let whole, whole.end == .completed {
        (model.settings, model.preparation, model.networks) = (
          whole.settings, whole.preparation, whole.networks
        )
        model.record.isRefit = true
      } else {
        // What was cut short is worth less than what was scored.
        let end = whole?.end ?? .interrupted
        model.record.end = end.rawValue
        let cause = end == .timeLimit ? "the time was up" : "somebody asked to stop"
        session.note("\(cause) before training on all data ended: the model of the first training is kept")
      }
    }
    Task.finish(&model, try validation.map { try Task.joined(data, $0) } ?? data)
    model.record.seconds = seconds(since: begin)
    return model
  }

  /// Seconds of this process and of those before it that worked at the same training.
  private func seconds(since begin: ContinuousClock.Instant) -> Double {
    (clock.now - begin) / .seconds(1) + (session.journal?.secondsBefore ?? 0)
  }

  private func parts(of member: Int) throws -> DataParts<Task.Data> {
    if let validation { return DataParts(training: data, validation: validation) }
    return try Task.split(data, settings, member: member)
  }

  /// Trains every member on what it does not hold out.
  ///
  /// - Parameters:
  ///   - epochs: of each member, where they are known.
  ///   - phase: what it is called, once the data is known to be fit for it.
  private func fit(
    _ first: DataParts<Task.Data>, learningFrom known: Task.Data, epochs: [Int]?, limit: Double?,
    phase: String?, since begin: ContinuousClock.Instant
  ) throws -> Fit {
    var settings = settings
    let preparation =
      try start.map { try Task.fit($0.preparation, to: known, settings, grows: grows) }
      ?? Task.prepare(known, &settings)
    try settings.checkAll()
    if let phase { session.report(.phase(phase)) }
    for remark in try Task.remarks(first, settings, preparation) { session.note(remark) }
    var fit = Fit(settings: settings, preparation: preparation)
    let members = settings.learning.members
    let spent = seconds(since: begin)
    for member in 0..<members where member == 0 || !session.shouldStop() {
      if members > 1 { session.report(.phase("member \(member + 1) of \(members)")) }
      let isWhole = epochs != nil
      let parts = member == 0 || isWhole || !Task.splitsByMember ? first : try self.parts(of: member)
      // What the members before did not use is left to those that come.
      let left = limit.map {
        max(1, ($0 + spent * (isWhole ? 0 : 1) - seconds(since: begin)) / Double(members - member))
      }
      fit.results.append(
        try train(member, parts, settings, preparation, epochs: epochs?[member], limit: left))
      fit.heldOut.append(parts.validation)
    }
    return fit
  }

  private func train(
    _ member: Int, _ parts: DataParts<Task.Data>, _ settings: Task.Settings, _ preparation: Task.Preparation,
    epochs: Int?, limit: Double?
  ) throws -> TrainingResult<Task.Network> {
    var random = RandomSource(seed: settings.learning.seed &+ UInt64(member) &* 0x9E37_79B9)
    var network = try Task.network(settings, preparation, using: &random)
    if let start {
      network.takeOverlap(of: start.networks[member % start.networks.count])
    } else {
      Task.initialize(&network, from: parts.training, settings, preparation)
    }
    let work = try Task.work(parts.training, validation: parts.validation, settings, preparation)
    let plan = settings.learning.plan(
      stepsPerEpoch: work.stepsPerEpoch, epochs: epochs, timeLimit: limit, seed: random.next())
    let session = session
    return try Trainer(
      work, model: network, plan: plan, shouldStop: session.shouldStop, journal: session.journal
    ) { session.report(.training($0)) }.run()
  }

  /// Trains again on everything, for the numbers of epochs that were best.
  private func refit(_ fit: Fit, since begin: ContinuousClock.Instant) throws -> Fit {
    let epochs = fit.results.map { $0.best?.epoch ?? settings.learning.epochs }
    let all = DataParts(training: try validation.map { try Task.joined(data, $0) } ?? data)
    let limit = settings.learning.timeLimit.map { max(1, $0 - seconds(since: begin)) }
    return try self.fit(
      all, learningFrom: all.training, epochs: epochs, limit: limit,
      phase: "training on all data", since: begin)
  }

  private func model(_ fit: Fit, _ begin: ContinuousClock.Instant) -> Model<Task> {
    var record = TrainingRecord()
    record.source = data.source
    record.dataHash = data.hash
    record.facts = data.facts
    record.history = fit.results[0].history
    record.end = fit.end.rawValue
    record.continuations = (start?.record.continuations ?? -1) + 1
    return Model(
      settings: fit.settings, preparation: fit.preparation, calibration: start?.calibration, record: record,
      networks: fit.networks)
  }

  /// Scores the model on what was held out. Where members held out different parts, each answers for its own.
  private func score(_ model: inout Model<Task>, _ fit: Fit, _ first: DataParts<Task.Data>) throws {
    guard !session.shouldStop() else { return }
    var report: ScoreReport
    if let test = first.test {
      report = try model.evaluate(on: test)
      model.record.scoredOn = "test"
    } else if validation == nil, Task.splitsByMember, fit.networks.count > 1 {
      let reports = try zip(fit.networks, fit.heldOut).compactMap { network, held in
        var single = model
        single.networks = [network]
        return try held.map { try single.evaluate(on: $0) }
      }
      guard !reports.isEmpty else { return }
      report = ScoreReport.mean(of: reports)
      model.record.scoredOn = "validation"
    } else if let held = first.validation {
      report = try model.evaluate(on: held)
      model.record.scoredOn = "validation"
    } else {
      return
    }
    report.source = "what was held out"
    model.record.scores = report.scores
    session.report(.scored(report))
  }
}
