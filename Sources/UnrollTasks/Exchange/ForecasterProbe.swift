import UnrollCore
import UnrollNetworks

extension Forecaster: ProbedModel {
  /// Windows of the model's own history, as many as the batch is large; a row of the probe is one target of one.
  public func probe(_ size: ProbeSize) throws -> NetworkProbe {
    let prepared = ForecastData(data, settings, future: settings.horizon, fitted: nil, scales: scales)
    let windows = (0..<size.batch).map { index in
      let series = index % prepared.entries.count
      let count = data.series[series].count
      return ForecastWindow(series: series, origin: max(1, count - (index * 5 + size.steps) % max(1, count)))
    }
    let batch = ForecastBatch(windows, of: prepared)
    let (n, m, rows) = (settings.segments, settings.horizonSegments, batch.rows)
    var probe = NetworkProbe()
    probe.reads("segments", batch.segments.reshaped(to: [n, rows, batch.segments.shape.columns]))
    probe.reads("window", batch.window)
    probe.reads("context", batch.context.reshaped(to: [rows, m, batch.context.shape.columns]))
    let known = batch.knownPast.shape.columns
    probe.reads("known_past", batch.knownPast.reshaped(to: [rows, settings.lookBack, known]))
    probe.reads("known_ahead", batch.knownAhead.reshaped(to: [rows, settings.writtenSteps, known]))
    if let cycle = networks.first?.cycle {
      let (season, targets) = (cycle.variable.shape[0], data.targetNames.count)
      let past = batch.pastPhases(season, targets).map { Int($0) }
      let next = batch.futurePhases(season, targets, settings.writtenSteps).map { Int($0) }
      probe.reads("past_phases", past, [rows, settings.lookBack])
      probe.reads("future_phases", next, [rows, settings.writtenSteps])
    }
    let outputs = try meanOutputs(batch)
    probe.gives("outputs", Tensor(outputs, shape: [rows, settings.writtenSteps, settings.outputs]))
    return probe
  }
}
