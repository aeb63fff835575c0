import CFuzzer

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Fuzzing of one parser; `scripts/fuzz` runs them all.
///
///     fuzz --list                   the parsers
///     fuzz PARSER --seeds FOLDER    writes sound files to begin with
///     fuzz PARSER [libFuzzer's own options and folders]
@main struct Fuzz {
  /// The parser that is fed. libFuzzer takes a function without context.
  nonisolated(unsafe) private static var run: (([UInt8]) throws -> Void)?

  static func main() throws {
    let words = CommandLine.arguments
    guard words.count > 1, words[1] != "--list" else {
      print(Parser.allCases.map(\.rawValue).joined(separator: "\n"))
      return
    }
    guard let parser = Parser(rawValue: words[1]) else {
      print("\(words[1]): expected one of \(Parser.allCases.map(\.rawValue).joined(separator: ", "))")
      exit(2)
    }
    if words.count == 4, words[2] == "--seeds" {
      for (index, seed) in try Seeds.all(parser).enumerated() {
        try WorkFolder.write(seed, "\(words[3])/seed-\(index)")
      }
      return
    }
    run = try parser.makeRun()
    exit(fuzz([words[0]] + words.dropFirst(2)))
  }

  private static func fuzz(_ words: [String]) -> Int32 {
    var count = Int32(words.count)
    var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    return pointers.withUnsafeMutableBufferPointer { buffer in
      var start = buffer.baseAddress
      return LLVMFuzzerRunDriver(&count, &start) { data, size in
        Fuzz.feed(Array(UnsafeBufferPointer(start: data, count: size)))
        return 0
      }
    }
  }

  /// A parser may refuse what it is given, by an error that can be told. Whatever else happens is a finding.
  private static func feed(_ bytes: [UInt8]) {
    do {
      try run?(bytes)
    } catch {
      let text = "\(error)"
      precondition(Refusal.isKnown(error), "an error of another type: \(type(of: error)): \(text)")
      precondition(!text.isEmpty && text.utf8.count < 20_000, "an error of \(text.utf8.count) bytes")
    }
  }
}
