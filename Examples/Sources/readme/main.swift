import Foundation
// The Swift of the README, compiled and run on small files; scripts/check-docs finds each of its lines here.
import Unroll

let folder = FileManager.default.temporaryDirectory.appendingPathComponent("readme-\(UUID().uuidString)")
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(at: folder) }
_ = FileManager.default.changeCurrentDirectoryPath(folder.path)
let sales = (0..<180).flatMap { day in
  ["a", "b"].map { store in
    "2021-\(String(format: "%02d-%02d", 1 + day / 28, 1 + day % 28)),\(store),\(10 + (day % 7) * 3 + day % 5)\n"
  }
}
try ("date,store,sales\n" + sales.joined()).write(toFile: "sales.csv", atomically: true, encoding: .utf8)
try String(repeating: "ROMEO: But soft, what light through yonder window breaks?\n", count: 60)
  .write(toFile: "shakespeare.txt", atomically: true, encoding: .utf8)
var random = RandomSource(seed: 1)
let x = Tensor.uniform(-1...1, shape: [5, 3, 128], using: &random)
let y = Tensor.uniform(-1...1, shape: [5, 3, 512], using: &random)
let lengths = [5, 2, 4]

// A forecaster in three lines.
let series = try TimeSeries(csv: "sales.csv", time: "date", targets: ["sales"], id: "store")
let forecaster = try Forecaster.train(on: ForecastData(series))
let next = try forecaster.forecast()

// The same for words.
let model = try LanguageModel.train(files: ["shakespeare.txt"])
let sampler = TokenSampler(temperature: 0.8)
let verse = try model.generate(prompt: "ROMEO:", length: 400, sampler: sampler, seed: 1)

// A network of your own.
let network = LSTM(inputSize: 128, hiddenSize: 256, layers: 2, bidirectional: true)
let (outputs, state) = try network(SequenceBatch(x, lengths: lengths))  // [T, B, 512], and a value to keep
let (loss, gradients) = try valueWithGradient(of: network) { network in
  try Loss.squaredError(network(SequenceBatch(x)).outputs.values, y)
}

print("\(next.horizon) steps, \(verse.count) characters, \(outputs.values.shape), \(state.count) states")
print("loss \(loss.scalar), \(gradients.names.count) gradients")
