import UnrollCore
import UnrollNetworks
import UnrollTraining

/// Training a forecast network on windows of many series.
struct ForecastWork: TrainingWork {
  private let data: ForecastData
  private let validation: [[ForecastWindow]]
  /// For each series, the ends of its training windows.
  private let origins: [Range<Int>]
  private let weighing: Weighing
  private var epoch: [[ForecastWindow]] = []
  /// The windows of a step.
  private let perStep: Int
  let stepsPerEpoch: Int

  /// - Parameters:
  ///   - trainingEnd: per series, the number of first steps that training may see.
  ///   - validationWindows: what each epoch is judged on; may be empty.
  init(_ data: ForecastData, trainingEnd: [Int], validationWindows: [ForecastWindow]) {
    self.data = data
    let settings = data.settings
    origins = zip(data.entries, trainingEnd).map { _, end in
      // Windows reach before a series' start only where it is too short to do without.
      let latest = end - settings.horizon
      let earliest = min(settings.lookBack, max(settings.minimumHistory, latest / 2))
      return earliest..<max(earliest, latest + 1)
    }
    weighing = Weighing(data, origins)
    let targets = max(1, data.entries.first?.tracks.count ?? 1)
    let all = origins.reduce(0) { $0 + $1.count }
    // Little data goes in smaller steps: a few large ones an epoch would end before the network has learned.
    let smallest = max(1, min(settings.batchSize, Self.smallestBatch) / targets)
    perStep = max(smallest, min(settings.batchSize / targets, all / Self.fewestSteps))
    stepsPerEpoch = min(settings.maximumStepsPerEpoch, (all + perStep - 1) / perStep)
    let together = max(1, settings.batchSize / targets)
    validation = stride(from: 0, to: validationWindows.count, by: together).map {
      Array(validationWindows[$0..<min($0 + together, validationWindows.count)])
    }
  }

  private static let fewestSteps = 24
  private static let smallestBatch = 8

  /// The number of windows that training can choose from.
  var windowCount: Int { origins.reduce(0) { $0 + $1.count } }

  /// Chooses the windows of an epoch: the same number of each series as far as it has them, without repetition.
  mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    let wanted = stepsPerEpoch * perStep
    let usable = origins.indices.filter { !origins[$0].isEmpty }
    let share = max(1, (wanted + usable.count - 1) / max(1, usable.count))
    var windows: [ForecastWindow] = []
    for series in usable {
      var ends = Array(origins[series])
      let count = min(ends.count, share)
      for index in 0..<count {
        ends.swapAt(index, index + random.below(ends.count - index))
        windows.append(ForecastWindow(series: series, origin: ends[index]))
      }
    }
    windows.shuffle(using: &random)
    // Short series leave room, which goes round the rest again.
    let found = windows.count
    while windows.count < wanted && found > 0 { windows.append(windows[windows.count % found]) }
    self.epoch = (0..<stepsPerEpoch).map {
      Array(windows[$0 * perStep..<min(($0 + 1) * perStep, windows.count)])
    }
  }

  func loss(
    _ model: ForecastNetwork, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: Variable, carry: Never?) {
    let batch = ForecastBatch(epoch[step], of: data, weigh: weighing.callAsFunction)
    return (try Self.loss(model, batch, random: &random), nil)
  }

  private static func loss(
    _ model: ForecastNetwork, _ batch: ForecastBatch, random: inout RandomSource?
  ) throws -> Variable {
    let outputs = try model(batch, random: &random)
    return try model.head.loss(outputs, batch.target, weights: batch.weights).mean
  }

  func validate(_ model: ForecastNetwork) throws -> Double? {
    guard !validation.isEmpty else { return nil }
    var total = 0.0
    var count = 0.0
    var none: RandomSource?
    for windows in validation {
      let batch = ForecastBatch(windows, of: data, weigh: weighing.callAsFunction)
      let weight = batch.weights.elements.reduce(0) { $0 + Double($1) }
      total += Double(try Self.loss(model, batch, random: &none).value.scalar) * weight
      count += weight
    }
    return count > 0 ? total / count : nil
  }
}

/// How much a window's errors count.
///
/// The network's errors are on the scale of the window. What people score are errors relative to the size of
/// the series (as in sMAPE) and to its seasonal naive error (as in MASE); a window counts by how its scale
/// turns into both, in equal shares.
struct Weighing: Sendable {
  private let settings: ForecastSettings
  private var relative = 0.0
  private var scaled = 0.0

  init(_ data: ForecastData, _ origins: [Range<Int>]) {
    settings = data.settings
    guard settings.scale == .window else { return }
    var sums = (relative: 0.0, scaled: 0.0, count: 0.0)
    for (series, range) in origins.enumerated() where !range.isEmpty {
      let picks = [range.lowerBound, (range.lowerBound + range.upperBound - 1) / 2, range.upperBound - 1]
      let batch = ForecastBatch(
        Set(picks).sorted().map { ForecastWindow(series: series, origin: $0) }, of: data)
      let tracks = data.entries[series].tracks
      for row in 0..<batch.rows {
        let (a, b) = terms(tracks[row % tracks.count], batch.centre[row], batch.scale[row])
        sums.relative += a
        sums.scaled += b
        sums.count += 1
      }
    }
    relative = sums.relative > 0 ? 0.5 * sums.count / sums.relative : 0
    scaled = sums.scaled > 0 ? 0.5 * sums.count / sums.scaled : 0
  }

  /// What an error of one on the scale of a window is, relative to the values and to the naive error.
  private func terms(_ track: ForecastData.Track, _ centre: Float, _ scale: Float) -> (Double, Double) {
    let unit = Double(scale) * track.scale.deviation
    if settings.transform == .log {
      let level = exponential(Double(centre) * track.scale.deviation + track.scale.mean)
      return (unit, track.naiveError > 0 ? unit * level / track.naiveError : 0)
    }
    let level = abs(Double(centre) * track.scale.deviation + track.scale.mean)
    return (level > 0 ? min(unit / level, 1) : 0, track.naiveError > 0 ? unit / track.naiveError : 0)
  }

  func callAsFunction(_ track: ForecastData.Track, _ centre: Float, _ scale: Float) -> Float {
    guard settings.scale == .window, relative + scaled > 0 else { return 1 }
    let (a, b) = terms(track, centre, scale)
    return Float(min(relative * a + scaled * b, 20))
  }
}
