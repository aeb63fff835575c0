import UnrollCore

/// Shows a training's progress while it runs: on a terminal one line that is drawn over, at most ten times a second;
/// elsewhere a plain line after each epoch.
///
/// May be called from any thread. The cursor is never hidden, so there is nothing to restore if the process dies.
package final class ProgressBar: Sendable {
  private struct State {
    var latest: TrainingProgress?
    var drawnAt: Duration?
    var isLineOpen = false
    /// The bar never goes back, though an estimate of the time left may.
    var fraction = 0.0
  }

  private let stream: TerminalStream
  private let now: @Sendable () -> Duration
  private let state = Guarded(State())
  private static let interval = Duration.milliseconds(100)

  /// - Parameter now: a clock that never goes back, counted from any moment.
  package init(
    on stream: TerminalStream = .standardError,
    now: @escaping @Sendable () -> Duration = ProgressBar.monotonic()
  ) {
    self.stream = stream
    self.now = now
  }

  /// The time since this call, by the system's steady clock.
  package static func monotonic() -> @Sendable () -> Duration {
    let start = ContinuousClock.now
    return { ContinuousClock.now - start }
  }

  /// After a step: the line is drawn anew if the last drawing is long enough ago.
  package func update(_ progress: TrainingProgress) {
    guard stream.isTerminal else { return }
    state.withLock { state in
      take(progress, &state)
      let time = now()
      if let drawnAt = state.drawnAt, time - drawnAt < Self.interval { return }
      draw(&state, at: time)
    }
  }

  /// After an epoch and its validation.
  package func endEpoch(_ progress: TrainingProgress) {
    if stream.isTerminal { return update(progress) }
    stream.write(ProgressLine.plain(progress) + "\n")
  }

  /// Writes a line of its own above the progress.
  package func message(_ text: String) {
    state.withLock { state in
      stream.write((state.isLineOpen ? "\r\u{1B}[K" : "") + text + "\n")
      if state.isLineOpen { draw(&state, at: now()) }
    }
  }

  /// Draws the last state, with the time it took, and leaves the line, so that what follows begins on a new one.
  /// Needed however the work ends; calling it again does nothing.
  package func finish() {
    state.withLock { state in
      if state.isLineOpen {
        state.latest?.remaining = nil
        draw(&state, at: now())
        stream.write("\n")
      }
      state = State()
    }
  }

  private func take(_ progress: TrainingProgress, _ state: inout State) {
    state.latest = progress
    state.fraction = max(state.fraction, progress.fraction)
  }

  private func draw(_ state: inout State, at time: Duration) {
    guard let latest = state.latest else { return }
    // Room for the "^C" that a terminal echoes: a line that wraps cannot be drawn over.
    let line = ProgressLine.drawn(
      latest, fraction: state.fraction, width: stream.columns() - 3, style: stream.style)
    stream.write("\r" + line + "\u{1B}[K")
    state.drawnAt = time
    state.isLineOpen = true
  }
}
