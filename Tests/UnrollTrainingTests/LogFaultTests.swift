import Foundation
import Testing
import UnrollCore
import UnrollNetworks
import UnrollTraining

/// A log that cannot be written, as on a full disk, is told of, and training goes on as if it were not there.
@Suite struct FullDiskTests {
  private final class Failing: TrainingLog {
    let wantsDistributions = true
    var left: Int
    var calls = 0
    init(after count: Int) { left = count }

    private func take() throws {
      calls += 1
      left -= 1
      if left < 0 {
        throw ModelFileError(
          .system, file: "log", expected: "to write 3 bytes", found: "No space left on device")
      }
    }
    func record(_ event: TrainingEvent, training: Int, steps: Int) throws { try take() }
    func record(_ distribution: TrainingDistribution, training: Int, steps: Int) throws { try take() }
    func resume(training: Int, steps: Int) throws { try take() }
    func flush() throws { try take() }
  }

  @Test(arguments: [0, 1, 2, 7, 30]) func trainingGoesOn(_ after: Int) throws {
    let plan = TrainingPlan(epochs: 3, optimizer: Adam(learningRate: 0.01), seed: 2)
    let whole = try Trainer(CurveWork(), model: SmallNetwork(), plan: plan).run()
    let folder = try ScratchFolder()
    let (failing, sound) = (Failing(after: after), Failing(after: .max))
    var notes: [String] = []
    let journal = try TrainingJournal(
      folder: folder.path + "/run", every: .steps(2), logs: [failing, sound], note: { notes.append($0) })
    let result = try Trainer(CurveWork(), model: SmallNetwork(), plan: plan, journal: journal).run()
    #expect(result.model.parameters.map(\.value) == whole.model.parameters.map(\.value))
    #expect(
      notes == [
        "a log is no longer written, and training goes on: log: expected to write 3 bytes, found No space left on device"
      ])
    #expect(failing.calls == after + 1 && sound.calls > 30)
  }

  /// A file that may not grow loses the record that did not fit, and nothing of those before.
  @Test func noHalfRecordStays() async {
    await #expect(processExitsWith: .success) {
      let folder = try ScratchFolder()
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 5000, rlim_max: 5000)
      #if canImport(Glibc)
        #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      #else
        #expect(setrlimit(RLIMIT_FSIZE, &limit) == 0)
      #endif
      var notes: [String] = []
      let journal = try TrainingJournal(
        folder: nil, logs: [JSONLinesLog(folder.path + "/log.jsonl")], note: { notes.append($0) })
      let plan = TrainingPlan(epochs: 20, optimizer: Adam(learningRate: 0.01), seed: 2)
      let result = try Trainer(CurveWork(), model: SmallNetwork(), plan: plan, journal: journal).run()
      #expect(result.history.count == 20)
      #expect(notes.count == 1 && notes[0].contains("log.jsonl"))
      let bytes = try folder.read("log.jsonl")
      #expect(bytes.count > 1000 && bytes.count <= 5000)
      #expect(bytes.last == UInt8(ascii: "\n"))
    }
  }
}
