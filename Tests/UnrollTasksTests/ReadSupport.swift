import UnrollCore
import UnrollData
import UnrollTasks

/// Lines of made-up print: letters of five by seven dots.
enum ReadToy {
  static let glyphs: [Character: [String]] = [
    "a": [".....", ".....", ".###.", "....#", ".####", "#...#", ".####"],
    "b": ["#....", "#....", "####.", "#...#", "#...#", "#...#", "####."],
    "c": [".....", ".....", ".####", "#....", "#....", "#....", ".####"],
    "i": ["..#..", ".....", ".##..", "..#..", "..#..", "..#..", ".###."],
    "L": ["#....", "#....", "#....", "#....", "#....", "#....", "#####"],
    "é": ["...#.", "..#..", ".###.", "#...#", "#####", "#....", ".###."],
    " ": [".....", ".....", ".....", ".....", ".....", ".....", "....."],
  ]

  /// A line as a picture, dots of `dot` pixels.
  static func picture(_ text: String, dot: Int = 2, paper: UInt8 = 235, ink: UInt8 = 30) -> Picture {
    let letters = text.map { glyphs[$0] ?? glyphs[" "]! }
    let (width, height) = ((letters.count * 6 + 1) * dot, 9 * dot)
    var picture = Picture(width: width, height: height, color: [paper])
    for (index, glyph) in letters.enumerated() {
      for (y, row) in glyph.enumerated() {
        for (x, mark) in row.enumerated() where mark == "#" {
          for dy in 0..<dot {
            for dx in 0..<dot { picture[(index * 6 + 1 + x) * dot + dx, (1 + y) * dot + dy] = ink }
          }
        }
      }
    }
    return picture
  }

  static func text(_ random: inout RandomSource) -> String {
    let letters = Array("abciLé")
    func word() -> String { String((0...random.below(3)).map { _ in letters[random.below(letters.count)] }) }
    return (0...random.below(2)).map { _ in word() }.joined(separator: " ")
  }

  static func lines(_ count: Int, seed: UInt64 = 1, height: Int = 22) throws -> [LineExample] {
    var random = RandomSource(seed: seed)
    return try (0..<count).map { index in
      let text = text(&random)
      return LineExample(
        picture: try picture(text).normalizedLine(height: height, name: "line"), text: text,
        place: "line \(index)")
    }
  }

  /// A page of lines, one under the other, `dot` pixels a dot.
  static func page(_ lines: [String], dot: Int = 3, width: Int = 600) -> Picture {
    var page = Picture(width: width, height: 60 + lines.count * 16 * dot, color: [235])
    for (index, line) in lines.enumerated() {
      let picture = picture(line, dot: dot)
      for y in 0..<picture.height {
        for x in 0..<min(picture.width, width - 40) {
          page[40 + x, 30 + index * 16 * dot + y] = picture[x, y]
        }
      }
    }
    return page
  }

  /// Settings that learn a toy in a moment.
  static func small(epochs: Int = 30) -> ReadSettings {
    var settings = ReadSettings()
    settings.height = 22
    settings.stepWidth = 2
    settings.convolution = [8, 12]
    settings.ctc.network.hiddenSize = 24
    settings.ctc.network.layers = 1
    settings.ctc.network.dropout = 0.1
    settings.ctc.characterOrder = 3
    settings.augmentation = 0.3
    settings.learning.batchSize = 8
    settings.learning.learningRate = 0.01
    settings.learning.epochs = epochs
    return settings
  }
}
