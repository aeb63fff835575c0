import Testing
import UnrollData

@Suite struct ABCTests {
  private func read(_ text: String) throws(DataError) -> [ABCTune] {
    try ABCTune.read(Array(text.utf8), name: "a.abc")
  }

  @Test func tunesOfABook() throws {
    let text = """
      %abc-2.1
      Free text that is no tune.

      X:1
      T:The First % a comment
      M:6/8
      %%MIDI program 1
      K: G
      |: GAB c2d | 10\\% :|\t
      w: words

      Text between.
      X: 2
      K:Am
      A2
      X:3
      T:Third
      K:C
      C
      """
    let tunes = try read(text)
    #expect(tunes.map(\.number) == ["1", "2", "3"])
    #expect(tunes.map(\.title) == ["The First", "", "Third"])
    #expect(tunes.map(\.key) == ["G", "Am", "C"])
    #expect(tunes[0].text == "X:1\nT:The First\nM:6/8\nK: G\n|: GAB c2d | 10\\% :|\nw: words\n")
    #expect(tunes[1].text == "X: 2\nK:Am\nA2\n")
  }

  @Test func whatIsNoTuneIsNamed() {
    func why(_ text: String) -> String {
      do throws(DataError) {
        _ = try read(text)
        return "read"
      } catch { return error.description }
    }
    #expect(why("") == "a.abc: expected a tune in ABC, which starts with \"X:\", found none")
    #expect(why("\n\nX:1\nT:x\nabc\n") == "a.abc, line 3: expected a key \"K:\" in the tune, found none")
    #expect(why("X:1\nK:C\n\n") == "a.abc, line 1: expected music behind \"K:\", found none")
    #expect(why("X:1\nK:C\nw: only\n").contains("music behind"))
  }
}
