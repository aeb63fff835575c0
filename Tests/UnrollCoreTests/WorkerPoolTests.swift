import Foundation
import Synchronization
import Testing
import UnrollCore

/// A number that several threads add to.
private final class Counter: Sendable {
  private let count = Atomic<Int>(0)
  var value: Int { count.load(ordering: .relaxed) }
  func add(_ number: Int) { count.add(number, ordering: .relaxed) }
}

@Suite struct WorkerPoolTests {
  private static let sizes = [1, 2, 3, 5]

  @Test(arguments: sizes)
  func everyMemberRunsOnce(_ threads: Int) {
    let pool = WorkerPool(threads: threads)
    for wanted in 1...6 {
      let seen = Guarded<[Int]>([])
      pool.run(wanted) { member in
        #expect(member.count == min(wanted, threads))
        seen.withLock { $0.append(member.index) }
      }
      #expect(seen.withLock { $0.sorted() } == Array(0..<min(wanted, threads)))
    }
  }

  @Test(arguments: sizes, [0, 1, 2, 7, 64, 1001])
  func splittingCoversEverythingOnce(_ threads: Int, _ count: Int) {
    let pool = WorkerPool(threads: threads)
    for grain in [0, 1, 3, 400, 5000] {
      let visits = Guarded(Array(repeating: 0, count: count))
      pool.split(count, grain: grain) { range in
        visits.withLock { visits in for index in range { visits[index] += 1 } }
      }
      #expect(visits.withLock { $0.allSatisfy { $0 == 1 } }, "grain \(grain)")
    }
  }

  /// More shares than threads, as many, and fewer: each is done once, and a share may share out again.
  @Test(arguments: sizes, [0, 1, 2, 3, 17, 500])
  func everyShareIsDoneOnce(_ threads: Int, _ shares: Int) {
    let pool = WorkerPool(threads: threads)
    for _ in 0..<50 {
      let visits = Guarded(Array(repeating: 0, count: shares))
      let nested = Counter()
      pool.shareOut(shares) { share in
        visits.withLock { $0[share] += 1 }
        pool.shareOut(2) { nested.add($0 + 1) }
      }
      #expect(visits.withLock { $0.allSatisfy { $0 == 1 } })
      #expect(nested.value == 3 * shares)
    }
  }

  /// Shares and teams in turn, with pauses in which the threads fall asleep.
  @Test func sharesAndTeamsTakeTurns() async throws {
    let pool = WorkerPool(threads: 3)
    let total = Counter()
    for round in 0..<3000 {
      if round % 3 == 0 {
        pool.run(3) { member in
          total.add(1)
          member.meet()
        }
      } else {
        pool.shareOut(3) { _ in total.add(1) }
      }
      if round % 300 == 0 { try await Task.sleep(for: .milliseconds(2)) }
    }
    #expect(total.value == 9000)
  }

  /// Work handed out while the pool is busy is done by its caller alone.
  @Test func nestedCallsRunOnTheirCaller() {
    let pool = WorkerPool(threads: 3)
    let total = Counter()
    pool.run(3) { _ in
      pool.run(3) { inner in
        #expect(inner.count == 1)
        inner.meet()
        pool.split(10) { total.add($0.count) }
      }
    }
    #expect(total.value == 30)
  }

  /// Many short runs in a row, with pauses in which the members fall asleep.
  @Test func manySmallRuns() async throws {
    let pool = WorkerPool(threads: 3)
    let total = Counter()
    for round in 0..<2000 {
      pool.run(3) { total.add($0.index + 1) }
      if round % 200 == 0 { try await Task.sleep(for: .milliseconds(2)) }
    }
    #expect(total.value == 2000 * 6)
  }

  /// Several callers at once: one has the pool, the others run alone, and nothing is lost.
  @Test func callersMayMeet() async {
    let pool = WorkerPool(threads: 2)
    let total = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<300 { pool.split(64) { total.add($0.count) } }
        }
      }
    }
    #expect(total.value == 4 * 300 * 64)
  }

  /// No member passes a meeting before all have come: each sees what the others wrote before it.
  @Test(arguments: [2, 3])
  func meetingsHoldEveryoneBack(_ threads: Int) {
    let pool = WorkerPool(threads: threads)
    let rounds = 500
    let clocks = UnsafeMutablePointer<Int>.allocate(capacity: threads * 16)
    defer { clocks.deallocate() }
    nonisolated(unsafe) let shared = clocks
    shared.initialize(repeating: 0, count: threads * 16)
    let late = Counter()
    pool.run(threads) { member in
      for round in 1...rounds {
        shared[member.index * 16] = round
        member.meet()
        for other in 0..<member.count where shared[other * 16] != round {
          late.add(1)
        }
        member.meet()
      }
    }
    #expect(late.value == 0)
  }

  @Test func theLimitHolds() {
    let pool = WorkerPool(threads: 3)
    for (limit, expected) in [(0, 1), (1, 1), (2, 2), (3, 3), (9, 3)] {
      WorkerPool.$limit.withValue(limit) {
        #expect(pool.available == expected)
        pool.run(9) { #expect($0.count == expected) }
      }
    }
  }

  @Test func sharesFitTogether() {
    let pool = WorkerPool(threads: 3)
    for total in [0, 1, 2, 3, 10, 100] {
      let ends = Guarded<[Int: Range<Int>]>([:])
      pool.run(3) { member in ends.withLock { $0[member.index] = member.share(of: total) } }
      let shares = ends.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
      #expect(shares.first?.lowerBound == 0 && shares.last?.upperBound == total)
      #expect(zip(shares, shares.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
    }
  }

  /// Every operation gives the same bits with one thread as with two or three: the last sizes of each family are
  /// those worth sharing.
  @Test(arguments: OperationFamily.all, [2, 3])
  func resultsDoNotDependOnTheNumberOfThreads(_ family: OperationFamily, _ threads: Int) throws {
    for row in family.cases.suffix(2) {
      let operands = row.draw(seed: 5)
      func both(_ pool: WorkerPool) throws -> [Tensor] {
        try WorkerPool.$forced.withValue(pool) {
          let (_, value, _, gradients) = try valueWithGradient(of: NoParameters(), inputs: operands) {
            _, variables in
            let y = try row.apply(variables)
            return ((y * Variable(OperationCase.weights(y.shape))).sum(), y.value)
          }
          return [value] + gradients
        }
      }
      let alone = try both(WorkerPool(threads: 1))
      let together = try both(Self.team(threads))
      for (index, pair) in zip(alone, together).enumerated() {
        #expect(
          pair.0.elements.map(\.bitPattern) == pair.1.elements.map(\.bitPattern),
          "\(row.name), result \(index)")
      }
    }
  }

  private static let teams = [2: WorkerPool(threads: 2), 3: WorkerPool(threads: 3)]
  private static func team(_ threads: Int) -> WorkerPool { teams[threads]! }
}

/// What the environment may say; each in a process of its own.
@Suite struct ComputeEnvironmentTests {
  @Test(arguments: ["abc", "0", "-1", "1025", "100000", "2.5", " 2", "99999999999999999999"])
  func threadsThatCannotBeAreRefused(_ text: String) {
    #expect(ComputeEnvironment.threads(text) == nil)
  }

  @Test func threadsThatCanBeAreTaken() {
    for count in [1, 2, 1024] { #expect(ComputeEnvironment.threads(String(count)) == count) }
    #expect(ComputeEnvironment.threads >= 1)
  }

  @Test func variablesAreChecked() async {
    await #expect(processExitsWith: .success) {
      setenv("UNROLL_THREADS", "abc", 1)
      let expected = EnvironmentError(
        variable: "UNROLL_THREADS", expected: "a whole number from 1 to 1024", found: "abc")
      #expect(throws: expected) { try ComputeEnvironment.check() }
      setenv("UNROLL_THREADS", "", 1)
      setenv("UNROLL_TARGET", "abacus", 1)
      #expect { try ComputeEnvironment.check() } throws: {
        "\($0)".contains("UNROLL_TARGET: expected a target")
      }
      setenv("UNROLL_TARGET", "scalar", 1)
      try ComputeEnvironment.check()
    }
  }
}
