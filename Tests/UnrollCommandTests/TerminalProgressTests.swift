import Testing
import UnrollCommand
import UnrollCore

/// A stream that keeps what is written, and a clock that is set by hand.
final class Recorder: Sendable {
  private let written = Guarded("")
  private let time = Guarded(Duration.zero)

  var text: String { written.withLock { $0 } }

  func stream(isTerminal: Bool = true, hasColour: Bool = false, columns: Int = 100) -> TerminalStream {
    TerminalStream(
      isTerminal: isTerminal, hasColour: hasColour, columns: { columns },
      write: { text in self.written.withLock { $0 += text } })
  }

  var clock: @Sendable () -> Duration { { self.time.withLock { $0 } } }
  func advance(_ duration: Duration) { time.withLock { $0 += duration } }
}

private func progress(
  epoch: Int = 12, step: Int = 5, validation: Double? = 0.13, remaining: Duration? = .seconds(42),
  improved: Bool = true
) -> TrainingProgress {
  TrainingProgress(
    epoch: epoch, of: 50, step: step, of: 10, loss: 0.1234, validation: validation, rate: 0.001,
    elapsed: .seconds(26), remaining: remaining, improved: improved)
}

@Suite struct TerminalProgressLineTests {
  @Test func plainLine() {
    #expect(
      ProgressLine.plain(progress())
        == "epoch 12/50  loss 0.1234  val 0.1300  best  rate 1.0e-03  elapsed 0:26  left 0:42")
    #expect(
      ProgressLine.plain(progress(epoch: 3, validation: nil, remaining: nil, improved: false))
        == "epoch  3/50  loss 0.1234  rate 1.0e-03  elapsed 0:26")
  }

  private func drawn(_ width: Int, _ progress: TrainingProgress = progress()) -> String {
    ProgressLine.drawn(progress, fraction: progress.fraction, width: width)
  }

  @Test func drawnLine() {
    #expect(
      drawn(90)
        == "epoch 12/50  ━━━━━━━────────────  38 %  loss 0.1234  val 0.1300 ★  rate 1.0e-03  0:42 left")
  }

  @Test func narrowLinesLeaveOutPartsInOrder() {
    #expect(drawn(75) == "epoch 12/50  ━━━━━━╸───────────  38 %  loss 0.1234  val 0.1300 ★  0:42 left")
    #expect(drawn(55) == "epoch 12/50  38 %  loss 0.1234  val 0.1300 ★  0:42 left")
    #expect(drawn(50) == "epoch 12/50  38 %  loss 0.1234  0:42 left")
    #expect(drawn(36) == "epoch 12/50  loss 0.1234  0:42 left")
    #expect(drawn(30) == "epoch 12/50  loss 0.1234")
    #expect(drawn(12) == "epoch 12/50")
    #expect(drawn(7) == "epoch 1")
    #expect(drawn(0) == "")
    #expect(drawn(-1) == "")
  }

  @Test(arguments: 1...140)
  func neverWiderThanAsked(_ width: Int) {
    #expect(drawn(width).count <= width)
    #expect(drawn(width, progress(validation: nil, remaining: nil)).count <= width)
  }

  @Test func barsFillInHalves() {
    func bar(_ fraction: Double) -> String { ProgressLine.bar(fraction, width: 4, style: Style(isOn: false)) }
    #expect([0, 0.125, 0.5, 0.99, 1].map(bar) == ["────", "╸───", "━━──", "━━━╸", "━━━━"])
    #expect([-1, 2, .nan].map(bar) == ["────", "━━━━", "────"])
  }

  @Test func coloursDoNotChangeTheText() {
    let styled = ProgressLine.drawn(progress(), fraction: 0.4, width: 90, style: Style(isOn: true))
    let plain = ProgressLine.drawn(progress(), fraction: 0.4, width: 90)
    #expect(styled.contains("\u{1B}[33m★\u{1B}[0m"))
    let stripped = styled.split(separator: "\u{1B}[", omittingEmptySubsequences: false).enumerated().map {
      $0.offset == 0 ? $0.element : $0.element.drop { $0 != "m" }.dropFirst()
    }.joined()
    #expect(stripped == plain)
  }

  @Test func fractionIsByTimeOrBySteps() {
    #expect(abs(progress().fraction - 26.0 / 68) < 1e-12)
    #expect(abs(progress(remaining: nil).fraction - 11.5 / 50) < 1e-12)
    #expect(progress(epoch: 50, step: 99, remaining: nil).fraction == 1)
  }
}

@Suite struct TerminalProgressBarTests {
  @Test func redrawsAtMostTenTimesASecond() {
    let recorder = Recorder()
    let bar = ProgressBar(on: recorder.stream(), now: recorder.clock)
    for step in 0..<100 {
      bar.update(progress(step: step))
      recorder.advance(.milliseconds(10))
    }
    #expect(recorder.text.count { $0 == "\r" } == 10)
    bar.finish()
    #expect(recorder.text.count { $0 == "\r" } == 11, "the last state is shown")
    #expect(recorder.text.hasSuffix("0:26 elapsed\u{1B}[K\n"), "and how long it took")
    let length = recorder.text.count
    bar.finish()
    #expect(recorder.text.count == length, "finishing twice changes nothing")
  }

  @Test func theBarNeverGoesBack() {
    let recorder = Recorder()
    let bar = ProgressBar(on: recorder.stream(), now: recorder.clock)
    bar.update(progress(remaining: .seconds(26)))
    recorder.advance(.seconds(1))
    bar.update(progress(remaining: .seconds(260)))
    #expect(recorder.text.split(separator: "\r").allSatisfy { $0.contains("50 %") })
  }

  @Test func staysWithinTheWindow() {
    let recorder = Recorder()
    let bar = ProgressBar(on: recorder.stream(columns: 40), now: recorder.clock)
    bar.update(progress())
    #expect(recorder.text == "\repoch 12/50  loss 0.1234  0:42 left\u{1B}[K")
  }

  @Test func messagesStandAboveTheLine() {
    let recorder = Recorder()
    let bar = ProgressBar(on: recorder.stream(columns: 14), now: recorder.clock)
    bar.message("before")
    bar.update(progress())
    bar.message("during")
    bar.finish()
    #expect(
      recorder.text
        == "before\n\repoch 12/50\u{1B}[K\r\u{1B}[Kduring\n\repoch 12/50\u{1B}[K\repoch 12/50\u{1B}[K\n")
  }

  @Test func withoutATerminalEachEpochIsALine() {
    let recorder = Recorder()
    let bar = ProgressBar(on: recorder.stream(isTerminal: false), now: recorder.clock)
    for epoch in 1...2 {
      for step in 1...10 { bar.update(progress(epoch: epoch, step: step)) }
      bar.endEpoch(progress(epoch: epoch, step: 10))
    }
    bar.finish()
    let lines = recorder.text.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[1] == "epoch  2/50  loss 0.1234  val 0.1300  best  rate 1.0e-03  elapsed 0:26  left 0:42")
    #expect(!recorder.text.contains("\u{1B}") && !recorder.text.contains("\r"))
  }

  @Test func finishingBeforeAnythingWritesNothing() {
    let recorder = Recorder()
    ProgressBar(on: recorder.stream(), now: recorder.clock).finish()
    #expect(recorder.text == "")
  }
}
