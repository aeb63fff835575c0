import UnrollCore
import UnrollNetworks
import UnrollTasks
import UnrollTraining

extension ONNXExport {
  /// What makes the graph of a model of each task.
  static let exporters: [String: Exporter] = [
    "classify": ClassifyExport.bytes, "forecast": ForecastExport.bytes, "generate": LanguageExport.bytes,
    "tag": TagExport.bytes, "translate": TranslateExport.bytes,
  ]

  /// The parameters of each member of a model.
  static func members(_ folder: LoadedModel) throws(ExchangeError) -> [ExportWeights] {
    let all = ExportWeights(folder.tensors, file: folder.path)
    let count = all.count("members")
    guard count > 0 else {
      throw ExchangeError(
        .damaged, file: folder.path, place: "members", expected: "the weights of a network", found: "none")
    }
    return (0..<count).map { all.below("members.\($0)") }
  }

  /// - Throws: where states would have to go in, and the network knows no past.
  static func refuseStates(_ options: Options, _ folder: LoadedModel) throws(ExchangeError) {
    guard !options.takesStates else {
      throw ExchangeError(
        .unsupported, file: folder.path,
        expected: "a network that reads forwards, to take states from before",
        found: "one of the task \(folder.task), which reads all at once")
    }
  }
}

extension GraphBuilder {
  /// The mean of vectors of symbols, where a place below 0 holds none: `[…, K]` to `[…, E]`, zeros where all are.
  ///
  /// - Parameter axis: that of K.
  mutating func meanLookedUp(
    _ places: String, in weights: ExportWeights, axis: Int
  ) throws(ExchangeError) -> String {
    let exists = unsqueezed(cast(apply("GreaterOrEqual", places, whole(0)), .float), [axis + 1])
    let rows = try looked(up: apply("Max", places, whole(0)), in: weights)
    let count = apply("Max", summed(exists, axis: axis), number(1))
    return over(summed(times(rows, exists), axis: axis), count)
  }

  /// A mean of values weighted by scores, for each query; what does not exist counts as nothing.
  ///
  /// - Parameters:
  ///   - scores: `[B, Q, S]`.
  ///   - values: `[B, S, V]`.
  ///   - mask: `[B, 1, S]`.
  /// - Returns: contexts `[B, Q, V]` and weights `[B, Q, S]`.
  mutating func attended(_ scores: String, _ values: String, mask: String) -> (
    context: String, weights: String
  ) {
    let away = times(minus(mask, number(1)), number(1e30))
    let weights = times(softmax(plus(times(scores, mask), away)), mask)
    return (apply("MatMul", weights, values), weights)
  }
}
