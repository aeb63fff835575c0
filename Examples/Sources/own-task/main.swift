import Foundation
import Unroll

// A cell, a network, a training loop and a task of one's own, written with what the library makes public.

struct Unlearned: Error, CustomStringConvertible {
  let description: String
}

let accuracy = try OwnLoop.run(steps: 600, seed: 1)
print("own loop: accuracy \(accuracy)")
guard accuracy > 0.95 else { throw Unlearned(description: "the own loop did not learn to count") }

let folder = FileManager.default.temporaryDirectory.appendingPathComponent("own-task-\(UUID().uuidString)")
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(at: folder) }
func write(_ name: String, _ count: Int, seed: UInt64) throws -> String {
  var random = RandomSource(seed: seed)
  let path = folder.appendingPathComponent(name).path
  let lines = CountingText.texts(count, longest: 8, using: &random).map {
    "\($0.text)\t\($0.isInLanguage ? "yes" : "no")\n"
  }
  try lines.joined().write(toFile: path, atomically: true, encoding: .utf8)
  return path
}

let training = try write("train.tsv", 1000, seed: 2)
let test = try write("test.tsv", 400, seed: 3)
let model = try Model<CountingTask>.train(
  files: [training],
  session: TaskSession(report: { event in if case .scored(let report) = event { print(report.line) } }))
let path = folder.appendingPathComponent("model").path
try model.save(to: path)
let loaded = try Model<CountingTask>(contentsOf: path)
let report = try loaded.evaluate(files: [test])
print(report.text())
print(try loaded.answers(["aaabbb", "aabbb"]).map(\.shown).joined(separator: "\n"))
guard let share = report["accuracy"], share > 0.95 else {
  throw Unlearned(description: "the own task did not learn to count")
}
