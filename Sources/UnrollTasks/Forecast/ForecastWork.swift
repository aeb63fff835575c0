import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Training a forecast network on windows of many series.
public struct ForecastWork: TrainingWork {
  private let data: WindowedSeries
  private let heldOut: WindowedSeries
  private let validation: [[SeriesWindow]]
  /// For each series, the ends of its training windows.
  private let origins: [Range<Int>]
  private let weighing: Weighing
  private var epoch: [[SeriesWindow]] = []
  /// The windows of a step.
  private let perStep: Int
  public let stepsPerEpoch: Int

  /// - Parameters:
  ///   - held: what each epoch is validated on.
  ///   - batchSize: windows of a step, at most, times targets.
  init(
    _ data: WindowedSeries, validation held: (data: WindowedSeries, windows: [SeriesWindow])?, batchSize: Int,
    maximumSteps: Int
  ) {
    self.data = data
    let window = data.settings
    origins = data.entries.map { entry in
      // Windows reach before a series' start only where it is too short to do without.
      let latest = entry.count - window.horizon
      let earliest = min(window.lookBack, max(window.minimumHistory, latest / 2))
      return earliest..<max(earliest, latest + 1)
    }
    weighing = Weighing(data, origins)
    heldOut = held?.data ?? data
    let targets = max(1, data.entries.first?.tracks.count ?? 1)
    let all = origins.reduce(0) { $0 + $1.count }
    // Little data goes in smaller steps: a few large ones an epoch would end before the network has learned.
    let smallest = max(1, min(batchSize, Self.smallestBatch) / targets)
    perStep = max(smallest, min(batchSize / targets, all / Self.fewestSteps))
    stepsPerEpoch = min(maximumSteps, (all + perStep - 1) / perStep)
    let together = max(1, batchSize / targets)
    let windows = held?.windows ?? []
    validation = stride(from: 0, to: windows.count, by: together).map {
      Array(windows[$0..<min($0 + together, windows.count)])
    }
  }

  private static let fewestSteps = 24
  private static let smallestBatch = 8

  /// The number of windows that training can choose from.
  var windowCount: Int { origins.reduce(0) { $0 + $1.count } }

  /// Chooses the windows of an epoch: the same number of each series as far as it has them, without repetition.
  public mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    let wanted = stepsPerEpoch * perStep
    let usable = origins.indices.filter { !origins[$0].isEmpty }
    let share = max(1, (wanted + usable.count - 1) / max(1, usable.count))
    var windows: [SeriesWindow] = []
    for series in usable {
      var ends = Array(origins[series])
      let count = min(ends.count, share)
      for index in 0..<count {
        ends.swapAt(index, index + random.below(ends.count - index))
        windows.append(SeriesWindow(series: series, origin: ends[index]))
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

  public func loss(
    _ model: ForecastNetwork, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: Never?) {
    let batch = WindowBatch(epoch[step], of: data, weigh: weighing.callAsFunction)
    return (try Self.loss(model, batch, random: &random), nil)
  }

  private static func loss(
    _ model: ForecastNetwork, _ batch: WindowBatch, random: inout RandomSource?
  ) throws -> LossSum {
    let outputs = try model(batch, random: &random)
    return try model.head.loss(outputs, batch.target, weights: batch.weights)
  }

  public func validate(_ model: ForecastNetwork) throws -> Double? {
    guard !validation.isEmpty else { return nil }
    var total = 0.0
    var count = 0.0
    var none: RandomSource?
    for windows in validation {
      let batch = WindowBatch(windows, of: heldOut, weigh: weighing.callAsFunction)
      let loss = try Self.loss(model, batch, random: &none)
      total += Double(loss.sum.value.scalar)
      count += loss.weight
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
  private let settings: WindowSettings
  private var relative = 0.0
  private var scaled = 0.0

  init(_ data: WindowedSeries, _ origins: [Range<Int>]) {
    settings = data.settings
    guard settings.scale == .window else { return }
    var sums = (relative: 0.0, scaled: 0.0, count: 0.0)
    for (series, range) in origins.enumerated() where !range.isEmpty {
      let picks = [range.lowerBound, (range.lowerBound + range.upperBound - 1) / 2, range.upperBound - 1]
      let batch = WindowBatch(
        Set(picks).sorted().map { SeriesWindow(series: series, origin: $0) }, of: data)
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
  private func terms(_ track: WindowedSeries.Track, _ centre: Float, _ scale: Float) -> (Double, Double) {
    let unit = Double(scale) * track.scale.deviation
    if settings.transform == .log {
      let level = exponential(Double(centre) * track.scale.deviation + track.scale.mean)
      return (unit, track.naiveError > 0 ? unit * level / track.naiveError : 0)
    }
    let level = abs(Double(centre) * track.scale.deviation + track.scale.mean)
    return (level > 0 ? min(unit / level, 1) : 0, track.naiveError > 0 ? unit / track.naiveError : 0)
  }

  func callAsFunction(_ track: WindowedSeries.Track, _ centre: Float, _ scale: Float) -> Float {
    guard settings.scale == .window, relative + scaled > 0 else { return 1 }
    let (a, b) = terms(track, centre, scale)
    return Float(min(relative * a + scaled * b, 20))
  }
}
