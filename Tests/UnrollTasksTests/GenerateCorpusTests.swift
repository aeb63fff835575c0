import Testing
import UnrollCore
import UnrollData
import UnrollTasks

/// The windows of a part of a file.
struct GenerateCorpusTests {
  /// A text whose words have lengths and neighbours that differ.
  private static let text: String = {
    var random = RandomSource(seed: 11)
    return (0..<3000).map { _ in
      String(repeating: ["a", "é", "日", "xyz"][random.below(4)], count: 1 + random.below(9))
    }.joined(separator: " ")
  }()

  private func windows(_ path: String, _ range: Range<Int>?, streams: Int) throws -> [LanguageBatch] {
    let tokenizer = CharacterTokenizer.train(on: [Self.text])
    var batches = try CorpusBatches(
      path: path, range: range, tokenizer: tokenizer, streams: streams, steps: 17, chunkSize: 64)
    var all: [LanguageBatch] = []
    while let batch = try batches.next() { all.append(batch) }
    return all
  }

  @Test(arguments: [1, 2, 7, 8, 33]) func aPartIsReadAsIfItWereAFile(_ streams: Int) throws {
    let folder = try TestFolder()
    let bytes = Array(Self.text.utf8)
    try folder.write(bytes, "whole")
    let source = try ByteSource(path: "\(folder.path)/whole")
    let first = try #require(try TextCuts.firstCut(source, from: 1000))
    let last = try #require(try TextCuts.firstCut(source, from: 7000))
    try folder.write(Array(bytes[first..<last]), "part")
    let part = try windows("\(folder.path)/whole", first..<last, streams: streams)
    #expect(try part == windows("\(folder.path)/part", nil, streams: streams))
    #expect(part.count > 1 && part[0].streams == streams)
    // Every character but the first is a target once.
    let targets = part.reduce(0) { $0 + $1.lengths.reduce(0, +) }
    #expect(targets == String(decoding: bytes[first..<last], as: UTF8.self).count - 1)
    #expect(
      try windows("\(folder.path)/whole", 0..<bytes.count, streams: streams)
        == windows("\(folder.path)/whole", nil, streams: streams))
  }

  @Test(arguments: ["", "a", "é", "日本", "a\r\nb", "e\u{301}x"]) func charactersAreCounted(_ text: String) {
    #expect(CharacterTokenizer.count(text) == text.count)
    #expect(CharacterTokenizer.count(text) == CharacterTokenizer.train(on: [text]).encode(text).count)
  }
}
