import Foundation
import Unroll

/// A lesson on vanishing gradients: four recurrent networks learn to add two numbers that stand up to a hundred
/// steps back. The simple net of Elman fails; LSTM and GRU succeed, and so does the Elman net with a cure. The
/// norm of ∂L/∂h at each lag shows why.
///
///     adding-problem [-o adding-problem.svg] [--seed 1]
@main
struct AddingProblem {
  static func main() {
    do {
      let options = try Options(CommandLine.arguments.dropFirst())
      try checkFolder(of: options.picture)
      try Lesson(seed: options.seed).run(picture: options.picture)
    } catch {
      FileHandle.standardError.write(Data("adding-problem: \(error)\n".utf8))
      exit(error is Options.Wrong ? 64 : 1)
    }
  }

  private struct Unwritable: Error, CustomStringConvertible {
    let folder: String
    var description: String { "expected a folder that can be written, found \(folder)" }
  }

  /// Better to learn this now than after training.
  private static func checkFolder(of path: String) throws(Unwritable) {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard FileManager.default.isWritableFile(atPath: folder) else { throw Unwritable(folder: folder) }
  }
}

/// What the command line says.
struct Options {
  struct Wrong: Error, CustomStringConvertible {
    let description: String
  }

  var picture = "adding-problem.svg"
  var seed: UInt64 = 1

  init(_ arguments: some Sequence<String>) throws(Wrong) {
    var rest = Array(arguments)[...]
    while let name = rest.popFirst() {
      switch (name, rest.popFirst()) {
      case ("-o", let path?): picture = path
      case ("--seed", let text?):
        guard let number = UInt64(text) else {
          throw Wrong(description: "expected a whole number after --seed, found \(text)")
        }
        seed = number
      default: throw Wrong(description: "usage: adding-problem [-o adding-problem.svg] [--seed 1]")
      }
    }
  }
}
