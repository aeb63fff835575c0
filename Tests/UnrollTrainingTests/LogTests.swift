import Testing
import UnrollCore
import UnrollNetworks
import UnrollTraining

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Logs hold what was reported, in forms that others read.
struct LogTests {
  private static let plan = TrainingPlan(epochs: 3, optimizer: Adam(learningRate: 0.01), seed: 2)

  private struct Line: Decodable, Equatable {
    var event: String
    var training: Int
    var steps: Int?
    var epoch: Int?
    var step: Int?
    var loss: Double?
    var validation: Double?
    var gradientNorm: Double?
    var learningRate: Float?
    var end: String?
    var stepsPerEpoch: Int?
  }

  private func lines(_ folder: ScratchFolder, _ name: String = "log.jsonl") throws -> [Line] {
    let text = String(decoding: try folder.read(name), as: UTF8.self)
    #expect(text.hasSuffix("\n"))
    return try text.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
  }

  private static func work() -> CurveWork {
    var work = CurveWork()
    work.verdicts = [0.5, 0.25, 1 / 3]
    return work
  }

  @Test func linesHoldEveryStepAndEpoch() throws {
    let folder = try ScratchFolder()
    let reports = Reports()
    let journal = try TrainingJournal(folder: nil, logs: [JSONLinesLog(folder.path + "/log.jsonl")])
    let result = try Trainer(
      Self.work(), model: SmallNetwork(), plan: Self.plan, journal: journal, report: reports.take
    ).run()
    let lines = try lines(folder)
    let letters = ["started": "<", "step": "s", "epoch": "e", "finished": ">"]
    #expect(lines.compactMap { letters[$0.event] }.joined() == reports.order)
    let steps = lines.filter { $0.event == "step" }
    #expect(steps.map(\.steps) == Array(1...12) && steps.allSatisfy { $0.training == 1 })
    #expect(steps.map(\.gradientNorm) == reports.steps.map(\.gradientNorm))
    // The reports give means over the epoch, the log the losses themselves.
    let means = steps.indices.map { index in
      let first = index / 4 * 4
      return steps[first...index].reduce(0) { $0 + ($1.loss ?? 0) } / Double(index - first + 1)
    }
    #expect(zip(means, reports.steps).allSatisfy { abs($0 - $1.loss) < 1e-12 * $1.loss })
    let epochs = lines.filter { $0.event == "epoch" }
    #expect(epochs.map(\.loss) == result.history.map(\.loss))
    #expect(epochs.map(\.validation) == [0.5, 0.25, 1 / 3])
    #expect(lines.first?.stepsPerEpoch == 4 && lines.last?.end == "completed")
  }

  /// A training that was killed goes on with its log; half a line is taken away.
  @Test func linesGoOn() throws {
    let folder = try ScratchFolder()
    try folder.makeFolder("run")
    func run(_ life: Int) throws {
      let journal = try TrainingJournal(
        folder: folder.path + "/run", every: .steps(2), logs: [JSONLinesLog(folder.path + "/log.jsonl")])
      _ = try Trainer(
        Mortal(work: Self.work(), life: Life(steps: life)), model: SmallNetwork(), plan: Self.plan,
        journal: journal
      ).run()
    }
    #expect(throws: Killed.self) { try run(7) }
    var bytes = try folder.read("log.jsonl")
    bytes += Array("{\"event\":\"st".utf8)
    try folder.write(bytes, "log.jsonl")
    try run(100)
    let lines = try lines(folder)
    let resumed = try #require(lines.firstIndex { $0.event == "resumed" })
    #expect(lines[resumed].steps == 6)
    let after = lines[resumed...].filter { $0.event == "step" }
    #expect(after.map(\.steps) == Array(7...12))
    // What a reader keeps: the lines that were not overtaken.
    let kept = lines[..<resumed].filter { $0.event == "step" && ($0.steps ?? 0) <= 6 } + after
    let whole = try ScratchFolder()
    let journal = try TrainingJournal(folder: nil, logs: [JSONLinesLog(whole.path + "/log.jsonl")])
    _ = try Trainer(Self.work(), model: SmallNetwork(), plan: Self.plan, journal: journal).run()
    #expect(Array(kept) == (try self.lines(whole).filter { $0.event == "step" }))
  }

  // MARK: - TensorBoard

  /// RFC 3720, appendix B.4, and the customary check.
  @Test func checksumsAreThoseOfTheSpecification() {
    #expect(EventRecord.crc32c(Array("123456789".utf8)) == 0xe306_9283)
    #expect(EventRecord.crc32c(Array(repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(EventRecord.crc32c(Array(repeating: 0xff, count: 32)) == 0x62a8_ab43)
    #expect(EventRecord.crc32c(Array(0..<32)) == 0x46dd_794e)
    #expect(EventRecord.crc32c([]) == 0 && EventFile.crc([]) == 0)
    let data = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 7) }
    #expect(EventRecord.crc32c(data) == EventFile.crc(data))
  }

  private func events(_ folder: ScratchFolder, _ training: Int = 1) throws -> [[EventFile.Event]] {
    try folder.names("board/training-\(training)").map { name in
      #expect(name.hasPrefix("events.out.tfevents."))
      let file = try EventFile(try folder.read("board/training-\(training)/\(name)"))
      #expect(file.rest == 0)
      #expect(file.events.first?.version == "brain.Event:2")
      return file.events
    }
  }

  @Test func eventFilesHoldScalarsAndHistograms() throws {
    let folder = try ScratchFolder()
    let reports = Reports()
    let work = StreamWork<LSTMState, LSTMCell>()
    let journal = try TrainingJournal(folder: nil, logs: [TensorBoardLog(folder.path + "/board")])
    let result = try Trainer(
      work, model: .init(), plan: Self.plan, journal: journal, report: reports.take
    ).run()
    // What looks on changes nothing.
    #expect(try Outcome(result) == Outcome(Trainer(work, model: .init(), plan: Self.plan).run()))
    let events = try #require(try events(folder).first)
    func scalars(_ tag: String) -> [(Int, Float?)] {
      events.filter { $0.tag == tag }.map { ($0.step, $0.scalar) }
    }
    #expect(scalars("loss/step").map(\.0) == Array(1...15))
    #expect(scalars("gradient-norm").map(\.1) == reports.steps.map { Float($0.gradientNorm) })
    #expect(scalars("learning-rate").allSatisfy { $0.1 == 0.01 })
    #expect(scalars("loss/epoch").map(\.0) == [5, 10, 15])
    #expect(scalars("loss/epoch").map(\.1) == result.history.map { Float($0.loss) })
    #expect(scalars("loss/validation").map(\.1) == result.history.map { $0.validation.map { Float($0) } })
    let histograms = events.filter { $0.histogram != nil }
    let names = result.model.parameters.map { "gradients/\($0.name)" }
    let gates = (0..<2).flatMap { layer in
      ["input", "forget", "output"].map { "gates/core.layers.\(layer).forward/\($0)" }
    }
    #expect(histograms.map(\.tag) == (0..<3).flatMap { _ in names + gates }.map(Optional.some))
    for event in histograms {
      let h = try #require(event.histogram)
      let (limits, counts) = (try #require(h[6]), try #require(h[7]))
      #expect(limits.count == counts.count && limits == limits.sorted())
      #expect(counts.reduce(0, +) == h[3]?.first)
      #expect(limits.last == h[2]?.first)
    }
    // All steps and units of the three streams.
    let forget = try #require(histograms.first { $0.tag == "gates/core.layers.0.forward/forget" }?.histogram)
    #expect(forget[3] == [4 * 3 * 7] && forget[1] == [0] && forget[2] == [1])
    // A bias of 1 opens it: σ(1) = 0.73.
    #expect(abs((forget[4]?[0] ?? 0) / Double(4 * 3 * 7) - 0.73) < 0.05)
  }

  @Test func aLaterProcessSaysFromWhereItGoesOn() throws {
    let folder = try ScratchFolder()
    for life in [7, 100] {
      let journal = try TrainingJournal(
        folder: folder.path + "/run", every: .steps(2), logs: [TensorBoardLog(folder.path + "/board")])
      _ = try? Trainer(
        Mortal(work: Self.work(), life: Life(steps: life)), model: SmallNetwork(), plan: Self.plan,
        journal: journal
      ).run()
    }
    let files = try events(folder)
    try #require(files.count == 2)
    #expect(files[0].allSatisfy { !$0.isRestart })
    #expect(files[1][1].isRestart && files[1][1].step == 7)
    #expect(files[1].filter { $0.tag == "loss/step" }.map(\.step) == Array(7...12))
  }

  // MARK: - Histograms

  @Test func histogramsCountEveryNumber() {
    let empty = Histogram([Float]())
    #expect(
      empty.count == 0 && empty.counts.allSatisfy { $0 == 0 } && empty.minimum == 0 && empty.maximum == 0)
    let equal = Histogram([Float](repeating: 3, count: 9))
    #expect(equal.counts.reduce(0, +) == 9 && equal.minimum == 3 && equal.maximum == 3)
    let mixed = Histogram([-1, 0, 0.25, 1].map { Float($0) }, parts: 4)
    #expect(mixed.counts == [1, 0, 2, 1])
    #expect(mixed.sum == 0.25 && mixed.sumOfSquares == 2.0625)
    let gates = Histogram([0, 0.5, 1].map { Float($0) }, range: 0...1, parts: 2)
    #expect(gates.counts == [1, 2])
    let wide = Histogram([-Float.greatestFiniteMagnitude, .greatestFiniteMagnitude], parts: 3)
    #expect(wide.counts == [1, 0, 1])
  }
}
