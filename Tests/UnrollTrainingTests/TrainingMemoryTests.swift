import Foundation
import Testing
import UnrollCore
import UnrollNetworks
import UnrollTraining

@Suite struct TrainingMemoryTests {
  @Test func numbersAreCountedByTheOptimizer() {
    func numbers(_ optimizer: any Optimizer, averaging: Bool = false) -> Int {
      TrainingMemory(parameters: 10, optimizer: optimizer, averaging: averaging).bytes / 40
    }
    #expect(numbers(SGD(learningRate: 0.1)) == 2)
    #expect(numbers(SGD(learningRate: 0.1, momentum: 0.9)) == 3)
    #expect(numbers(RMSProp()) == 3 && numbers(RMSProp(momentum: 0.5)) == 4)
    #expect(numbers(Adam()) == 4 && numbers(AdamW()) == 4)
    #expect(numbers(Adam(), averaging: true) == 5)
  }

  /// An optimizer counts the same before its first step and after it.
  @Test func stepsDoNotChangeTheEstimate() {
    var adam = Adam()
    var parameter = Tensor([1, 2])
    let before = TrainingMemory(parameters: 2, optimizer: adam)
    adam.update(&parameter, gradient: Tensor([1, 1]), at: 0)
    #expect(TrainingMemory(parameters: 2, optimizer: adam) == before)
  }

  @Test(arguments: [1 << 50, Int.max]) func whatNoMachineHasIsRefused(_ parameters: Int) {
    #expect {
      try TrainingMemory(parameters: parameters, optimizer: AdamW()).check()
    } throws: { error in
      guard case .memory(parameters, let needed, _)? = error as? TrainingError else { return false }
      let text = "\(error)"
      return needed > 1 << 50 && text.contains("\(parameters) weights") && text.contains("iB")
        && !text.contains("--")
    }
    #expect(throws: Never.self) { try TrainingMemory(parameters: 1000, optimizer: AdamW()).check() }
  }

  /// Under a limit of the process's memory, training ends before it begins, with the reason.
  @Test(.enabled(if: !isSanitized)) func aLimitOfTheProcessIsKept() async {
    await #expect(processExitsWith: .success) {
      struct Wide: Module {
        var table = Parameter(.zeros([16 << 20]))
        mutating func forEachParameter(
          _ path: String, _ body: (String, inout Parameter) throws -> Void
        ) rethrows { try body("table", &table) }
      }
      struct Work: TrainingWork {
        let stepsPerEpoch = 1
        mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {}
        func loss(
          _ model: Wide, step: Int, carry: Never?, random: inout RandomSource?
        ) throws -> (loss: LossSum, carry: Never?) {
          (LossSum(model.table.variable.sum()), nil)
        }
        func validate(_ model: Wide) throws -> Double? { nil }
      }
      let model = Wide()
      // 64 MiB of weights are there, and 192 more are needed.
      let statistics = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
      let pages = Int(statistics.split(separator: " ")[0]) ?? 0
      var limit = rlimit()
      limit.rlim_cur = rlim_t(pages * sysconf(Int32(_SC_PAGESIZE)) + 100 << 20)
      limit.rlim_max = limit.rlim_cur
      #expect(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
      #expect {
        try Trainer(Work(), model: model, plan: TrainingPlan(epochs: 1, optimizer: Adam())).run()
      } throws: { error in
        guard case .memory(16_777_216, 268_435_456, _)? = error as? TrainingError else { return false }
        return true
      }
    }
  }

  /// Where memory is refused in the midst of work, the message says how much.
  @Test(.enabled(if: !isSanitized)) func theMessageNamesTheSize() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([1 << 45])
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("no memory for a tensor of 140737488355328 bytes"))
  }
}

/// Whether a sanitizer runs along: it takes terabytes of addresses, and ends the process where memory is refused.
private let isSanitized: Bool = {
  #if os(Linux)
    return ((try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? "").contains("clang_rt")
      || dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
  #else
    return true
  #endif
}()
