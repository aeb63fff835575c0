import Testing
import UnrollCore
import UnrollData

@Suite struct BatchingTests {
  static let counts = [0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 1000]

  @Test(arguments: counts, [BatchBudget.Counting.real, .padded])
  func everyExampleIsInOneBatchWithinTheBudget(_ count: Int, _ counting: BatchBudget.Counting) {
    var numbers = Numbers(state: 5)
    let lengths = (0..<count).map { _ in Int(numbers.next() % 60) }
    let budget = BatchBudget(tokens: 50, counting: counting, examples: 9)
    var random = RandomSource(seed: 1)
    let batches = LengthBatcher<Int>.epoch(lengths: lengths, budget, pool: 4, random: &random)
    #expect(batches.flatMap { $0 }.sorted() == Array(0..<count))
    for batch in batches {
      let sizes = batch.map { max(1, lengths[$0]) }
      #expect(!batch.isEmpty && batch.count <= 9)
      #expect(sizes == sizes.sorted(by: >))
      let used = counting == .real ? sizes.reduce(0, +) : sizes[0] * sizes.count
      #expect(used <= 50 || batch.count == 1)
    }
    var again = RandomSource(seed: 1)
    #expect(LengthBatcher<Int>.epoch(lengths: lengths, budget, pool: 4, random: &again) == batches)
    if count > 30 {
      #expect(LengthBatcher<Int>.epoch(lengths: lengths, budget, pool: 4, random: &again) != batches)
    }
  }

  @Test func sortingWastesLittle() {
    var numbers = Numbers(state: 2)
    let lengths = (0..<4000).map { _ in 1 + Int(numbers.next() % 100) }
    var random = RandomSource(seed: 3)
    let batches = LengthBatcher<Int>.epoch(
      lengths: lengths, BatchBudget(tokens: 1000, counting: .padded), random: &random)
    let padded = batches.reduce(0) { $0 + $1.count * ($1.map { lengths[$0] }.max() ?? 0) }
    // Unsorted, about half of a batch of these lengths is padding.
    #expect(Double(padded) < 1.05 * Double(lengths.reduce(0, +)))
  }

  @Test func streamsOfExamplesFillPools() {
    var batcher = LengthBatcher<String>(BatchBudget(tokens: 10), pool: 2, random: nil)
    var batches: [[String]] = []
    for (text, length) in [("a", 4), ("b", 9), ("c", 5), ("d", 3), ("e", 0)] {
      batches += batcher.add(text, length: length)
    }
    // The pool of 20 tokens fills at the fourth example.
    #expect(batches == [["b"], ["c", "a"], ["d"]])
    #expect(batcher.finish() == [["e"]])
    #expect(batcher.finish() == [])
  }

  @Test(arguments: counts, [(1, 1), (1, 7), (3, 5), (8, 16)])
  func everyTokenButTheFirstIsATargetOnce(_ count: Int, _ form: (streams: Int, steps: Int)) {
    let tokens = (0..<count).map { Int32($0) }
    let batches = Array(LanguageBatches(tokens, streams: form.streams, steps: form.steps))
    var targets: [Int32] = []
    var carried = [Int32?](repeating: nil, count: form.streams)
    for (index, batch) in batches.enumerated() {
      #expect(batch.isFirst == (index == 0))
      #expect(batch.streams == form.streams && batch.steps == batch.lengths[0] && batch.steps <= form.steps)
      #expect(batch.lengths == batch.lengths.sorted(by: >))
      for stream in 0..<form.streams {
        for step in 0..<batch.steps {
          let (input, target) = (
            batch.inputs[step * form.streams + stream], batch.targets[step * form.streams + stream]
          )
          guard step < batch.lengths[stream] else {
            #expect(input == 0 && target == 0)
            continue
          }
          #expect(target == input + 1)
          if let before = carried[stream] { #expect(input == before) }
          carried[stream] = target
          targets.append(target)
        }
      }
    }
    #expect(targets.sorted() == Array(tokens.dropFirst()))
    let all = LanguageBatches(tokens, streams: form.streams, steps: form.steps)
    #expect(all.count == batches.count)
    // An epoch goes on where it was left.
    var resumed = LanguageBatches(tokens, streams: form.streams, steps: form.steps, position: form.steps)
    #expect(resumed.next() == batches.dropFirst().first)
  }

  @Test(arguments: [(1, 8), (3, 5), (7, 16), (4, 1000)])
  func corporaAreReadFromSeveralPlacesAtOnce(_ form: (streams: Int, steps: Int)) throws {
    for tokenizer in TokenizerTests.all {
      try withFile(Array(TextChunkTests.text.utf8)) { path in
        let whole = tokenizer.encode(TextChunkTests.text)
        var reader = try CorpusBatches(
          path: path, tokenizer: tokenizer, streams: form.streams, steps: form.steps, chunkSize: 256)
        var streams = [[Int32]](repeating: [], count: form.streams)
        var windows: [LanguageBatch] = []
        while let batch = try reader.next() {
          #expect(batch.isFirst == windows.isEmpty)
          for stream in 0..<form.streams {
            let column = (0..<batch.lengths[stream]).map { batch.inputs[$0 * form.streams + stream] }
            let targets = (0..<batch.lengths[stream]).map { batch.targets[$0 * form.streams + stream] }
            if let last = streams[stream].last, let first = column.first { #expect(first == last) }
            if streams[stream].isEmpty, let first = column.first { streams[stream].append(first) }
            streams[stream] += targets
          }
          windows.append(batch)
        }
        // Each stream ends with the first token of the next.
        var joined = streams[0]
        for stream in streams.dropFirst() {
          #expect(joined.last == stream.first)
          joined += stream.dropFirst()
        }
        #expect(joined == whole)
        var skipped = try CorpusBatches(
          path: path, tokenizer: tokenizer, streams: form.streams, steps: form.steps, skip: 1, chunkSize: 256)
        #expect(try skipped.next() == windows.dropFirst().first)
      }
    }
  }

  @Test func tinyAndEmptyCorporaAreDefined() throws {
    let tokenizer = CharacterTokenizer.train(on: ["ab "])
    try withFile(Array("ab ba".utf8)) { path in
      var reader = try CorpusBatches(path: path, tokenizer: tokenizer, streams: 4, steps: 3)
      var targets = 0
      while let batch = try reader.next() {
        #expect(batch.streams == 4)
        targets += batch.lengths.reduce(0, +)
      }
      #expect(targets == 4)
    }
    try withFile([]) { path in
      let error = dataError { () throws(DataError) in
        _ = try CorpusBatches(path: path, tokenizer: tokenizer, streams: 2, steps: 3)
      }
      #expect(error?.kind == .emptyFile)
    }
  }

  @Test(arguments: counts, [0, 0.1, 0.5, 1, .nan, -3]) func splitsKeepEveryExample(
    _ count: Int, _ fraction: Double
  ) {
    let split = DataSplit(count: count, fraction: fraction, seed: 4)
    #expect((split.training + split.validation).sorted() == Array(0..<count))
    #expect(split == DataSplit(count: count, fraction: fraction, seed: 4))
    #expect(count == 0 || !split.training.isEmpty)
    let share = fraction.isFinite ? min(max(fraction, 0), 1) : 0
    #expect(split.validation.count == min(max(0, count - 1), Int((Double(count) * share).rounded())))
    if count == 1000, fraction == 0.5 {
      #expect(split != DataSplit(count: count, fraction: fraction, seed: 5))
    }
  }

  @Test func splitsAreStratifiedByLabel() {
    // 700, 250, 49 and 1 examples of four labels.
    let labels = (0..<1000).map { $0 < 700 ? 0 : $0 < 950 ? 1 : $0 < 999 ? 2 : 3 }
    let split = DataSplit(count: 1000, fraction: 0.1, seed: 0, labels: labels)
    let counts = (0..<4).map { label in split.validation.count { labels[$0] == label } }
    #expect(counts == [70, 25, 5, 0])
    // A label that was seen once is learned from.
    #expect(split.training.contains(999))
    let judged = (0..<10_000).count { DataSplit.isValidation($0, fraction: 0.2, seed: 9) }
    // Four standard deviations of a binomial count.
    #expect(abs(judged - 2000) < 160)
  }
}
