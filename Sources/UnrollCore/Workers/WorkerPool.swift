import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Threads that live as long as the process and share loops among them.
///
/// Work comes in two forms. Shares that do not wait for each other are taken one by one by whoever is free: where
/// another process holds a core, the caller does its thread's share too. A team runs the same closure at the same
/// time on every member, of which the caller is member 0, so that members may meet. Threads wait for work by
/// spinning briefly, then by yielding, then asleep, so that a process that shares its cores with others does not
/// burn them. When the pool is busy already, a call runs on its caller alone: nesting is safe. No result may depend
/// on the size of a team.
///
/// Unchecked: a job is written before the generation that publishes it and read after; the mutex guards sleeping
/// alone.
package final class WorkerPool: @unchecked Sendable {
  /// One pool for the process, as wide as the machine or as `UNROLL_THREADS` says.
  package static var shared: WorkerPool { forced ?? process }
  private static let process = WorkerPool(threads: ComputeEnvironment.threads)

  /// Replaces the pool of the process in the current task; used to test teams of any size on any machine.
  @TaskLocal package static var forced: WorkerPool?

  /// The most members a team may have in the current task; all of the pool when `nil`.
  @TaskLocal package static var limit: Int?

  /// The number of threads, the caller's included.
  package let threads: Int

  /// Counts jobs in its upper bits; the lowest tells whether the job is one of a team.
  private let generation = Atomic<Int>(0)
  /// The shares of the present job: its generation above, the number already taken below. Whoever raises it has
  /// the share, and with it the caller's promise that the job is still there.
  private let taken = Atomic<Int>(0)
  private let sharesDone = Atomic<Int>(0)
  private let shareCount = Atomic<Int>(0)
  private let shareJob = Atomic<UnsafeMutableRawPointer?>(nil)
  private let unfinished = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private let busy = Atomic<Bool>(false)
  private var team = 1
  private var job: UnsafeMutableRawPointer?
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let wake: UnsafeMutablePointer<pthread_cond_t>

  package init(threads: Int) {
    self.threads = max(1, threads)
    mutex = .allocate(capacity: 1)
    wake = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
    for index in 1..<max(2, self.threads) where index < self.threads { start(index) }
  }

  /// The members a team may have now.
  package var available: Int { min(threads, max(1, Self.limit ?? threads)) }

  private struct Job { let body: (Team) -> Void }

  /// Runs `body` once on each of up to `wanted` members at the same time and returns when all are done.
  package func run(_ wanted: Int, _ body: (Team) -> Void) {
    let size = min(wanted, available)
    guard size > 1, busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else {
      let barrier = TeamBarrier()
      Kernels.flushingDenormals { body(Team(index: 0, count: 1, barrier: barrier)) }
      return
    }
    withoutActuallyEscaping(body) { body in
      let barrier = TeamBarrier()
      var current = Job(body: { member in
        body(Team(index: member.index, count: member.count, barrier: barrier))
      })
      withUnsafeMutablePointer(to: &current) { pointer in
        team = size
        job = UnsafeMutableRawPointer(pointer)
        unfinished.store(threads - 1, ordering: .relaxed)
        publish(isTeam: true)
        Kernels.flushingDenormals {
          pointer.pointee.body(Team(index: 0, count: size, barrier: barrier))
        }
        Spin.until { self.unfinished.load(ordering: .acquiring) == 0 }
      }
    }
    job = nil
    busy.store(false, ordering: .releasing)
  }

  private struct ShareJob { let body: (Int) -> Void }

  private static let shareBits = 20

  /// Runs `body` on `0 ..< shares`, each once, by as many threads as are free, and returns when all are done.
  package func shareOut(_ shares: Int, _ body: (Int) -> Void) {
    guard shares > 1, shares < 1 << Self.shareBits, available > 1,
      busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else {
      Kernels.flushingDenormals { for share in 0..<shares { body(share) } }
      return
    }
    withoutActuallyEscaping(body) { body in
      var current = ShareJob(body: body)
      withUnsafeMutablePointer(to: &current) { pointer in
        shareJob.store(UnsafeMutableRawPointer(pointer), ordering: .relaxed)
        shareCount.store(shares, ordering: .relaxed)
        sharesDone.store(0, ordering: .relaxed)
        let next = (generation.load(ordering: .relaxed) | 1) + 1
        taken.store(next << Self.shareBits, ordering: .releasing)
        publish(isTeam: false)
        Kernels.flushingDenormals { takeShares(of: next) }
        Spin.until { self.sharesDone.load(ordering: .acquiring) == shares }
        // Nobody takes a share of a job that has ended.
        taken.store(0, ordering: .relaxed)
      }
    }
    busy.store(false, ordering: .releasing)
  }

  /// Takes shares of the job of a generation until there are none left.
  private func takeShares(of generation: Int) {
    while true {
      let state = taken.load(ordering: .acquiring)
      guard state >> Self.shareBits == generation else { return }
      let share = state & (1 << Self.shareBits - 1)
      let (job, count) = (shareJob.load(ordering: .relaxed), shareCount.load(ordering: .relaxed))
      guard share < count, let job else { return }
      guard
        taken.compareExchange(expected: state, desired: state + 1, ordering: .acquiringAndReleasing).exchanged
      else { continue }
      job.assumingMemoryBound(to: ShareJob.self).pointee.body(share)
      sharesDone.add(1, ordering: .releasing)
    }
  }

  /// Begins the next generation and wakes those who sleep.
  private func publish(isTeam: Bool) {
    let next = (generation.load(ordering: .relaxed) | 1) + (isTeam ? 2 : 1)
    generation.store(next, ordering: .sequentiallyConsistent)
    guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(wake)
    pthread_mutex_unlock(mutex)
  }

  /// Splits `0 ..< count` into contiguous ranges, one a member, and runs `body` on each.
  ///
  /// - Parameter grain: the fewest elements worth a member of their own.
  package func split(_ count: Int, grain: Int = 1, _ body: (Range<Int>) -> Void) {
    guard count > 0 else { return }
    let members = min(available, max(1, count / max(1, grain)))
    // The same arithmetic as in a team: what a result is must not depend on who works on it.
    if members == 1 { return Kernels.flushingDenormals { body(0..<count) } }
    shareOut(members) { share in
      let range = (count * share / members)..<(count * (share + 1) / members)
      if !range.isEmpty { body(range) }
    }
  }

  private func start(_ index: Int) {
    final class Start {
      let pool: WorkerPool
      let index: Int
      init(_ pool: WorkerPool, _ index: Int) {
        self.pool = pool
        self.index = index
      }
    }
    let start = Unmanaged.passRetained(Start(self, index)).toOpaque()
    #if canImport(Darwin)
      var thread: pthread_t?
      pthread_create(
        &thread, nil,
        { raw in
          let start = Unmanaged<Start>.fromOpaque(raw).takeRetainedValue()
          start.pool.work(start.index)
          return nil
        }, start)
    #else
      var thread = pthread_t()
      pthread_create(
        &thread, nil,
        { raw in
          guard let raw else { return nil }
          let start = Unmanaged<Start>.fromOpaque(raw).takeRetainedValue()
          start.pool.work(start.index)
          return nil
        }, start)
    #endif
    pthread_detach(thread)
  }

  private func work(_ index: Int) {
    var seen = 0
    Kernels.flushDenormals()
    let idle = TeamBarrier()
    while true {
      if !Spin.briefly({ self.generation.load(ordering: .acquiring) != seen }) { sleep(while: seen) }
      seen = generation.load(ordering: .acquiring)
      if seen & 1 == 0 {
        takeShares(of: seen)
        continue
      }
      if index < team, let job {
        job.assumingMemoryBound(to: Job.self).pointee.body(Team(index: index, count: team, barrier: idle))
      }
      unfinished.subtract(1, ordering: .releasing)
    }
  }

  private func sleep(while seen: Int) {
    pthread_mutex_lock(mutex)
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while generation.load(ordering: .sequentiallyConsistent) == seen { pthread_cond_wait(wake, mutex) }
    sleepers.subtract(1, ordering: .relaxed)
    pthread_mutex_unlock(mutex)
  }
}

/// One member's view of a team.
package struct Team {
  package let index: Int
  package let count: Int
  let barrier: TeamBarrier

  /// Waits until every member has come here.
  package func meet() { if count > 1 { barrier.wait(count) } }

  /// This member's contiguous part of `0 ..< total`.
  package func share(of total: Int) -> Range<Int> {
    (total * index / count)..<(total * (index + 1) / count)
  }
}

/// A place where the members of a team wait for each other, again and again.
final class TeamBarrier: Sendable {
  private let arrived = Atomic<Int>(0)
  private let round = Atomic<Int>(0)

  func wait(_ count: Int) {
    let mine = round.load(ordering: .acquiring)
    if arrived.add(1, ordering: .acquiringAndReleasing).newValue == count {
      arrived.store(0, ordering: .relaxed)
      round.add(1, ordering: .releasing)
    } else {
      Spin.until { self.round.load(ordering: .acquiring) != mine }
    }
  }
}

/// Waiting that spins first and then lets others have the core.
enum Spin {
  private static let pauses = 4000

  /// Waits until `done`; `false` when that takes longer than a short while.
  static func briefly(_ done: () -> Bool) -> Bool {
    for _ in 0..<pauses {
      if done() { return true }
      Kernels.pause()
    }
    for _ in 0..<20 {
      if done() { return true }
      sched_yield()
    }
    return false
  }

  static func until(_ done: () -> Bool) {
    while !briefly(done) {}
  }
}
