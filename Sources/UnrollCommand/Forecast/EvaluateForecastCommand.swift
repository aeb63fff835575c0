import ArgumentParser
import UnrollData
import UnrollTasks

/// `unroll evaluate` of a forecaster.
struct EvaluateForecastCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Score a model, beside simple methods on the same data.",
    discussion: """
      A forecaster is scored by a rolling-origin backtest: it forecasts from several moments of the past and is \
      compared with what followed. Without DATA it is scored on its own training data, which it has seen: use \
      other data for honest figures.
      """)

  @Argument(help: "The folder of the model.")
  var model: String

  @Argument(help: "The data to score on; the training data when absent.")
  var data: String?

  @Option(help: ArgumentHelp("How many moments to forecast from.", valueName: "n"))
  var windows = 1

  @Option(help: ArgumentHelp("Steps between these moments; the horizon when absent.", valueName: "n"))
  var stride: Int?

  @Option(help: ArgumentHelp("A field that means a missing value; may be repeated.", valueName: "text"))
  var missing: [String] = []

  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    if windows < 1 { throw ValidationError("--windows: expected at least 1, found \(windows)") }
    if let stride, stride < 1 { throw ValidationError("--stride: expected at least 1, found \(stride)") }
  }

  func run() throws {
    try compute.run {
      let forecaster = try Forecaster(contentsOf: model)
      let history = try data.map { try forecaster.read($0, missing: missing) }
      let table = try forecaster.evaluate(history, windows: windows, stride: stride)
      let style = TerminalStream.standardOutput.style
      let name = data ?? "\(forecaster.data.source) (the training data)"
      print(
        "\(name): \(windows) \(windows == 1 ? "window" : "windows") of \(forecaster.settings.horizon) steps\n"
      )
      print(table.text(emphasise: style.bold))
      if let owa = table.overallWeightedAverage(of: "model", against: Baseline.naive2.rawValue), owa.isFinite
      {
        print("\nOWA against naive2: \(NumberText.decimal(owa, places: 3))")
      }
    }
  }
}
