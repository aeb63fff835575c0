import Foundation
import Testing
import UnrollTasks

/// The published figures of the M4 competition's benchmarks on its 414 hourly series, where the data is at hand.
@Suite(.enabled("needs shared/data/m4_hourly beside the package", { M4Hourly.folder != nil }))
struct MetricsM4Tests {
  @Test func benchmarksScoreAsPublished() throws {
    let data = try M4Hourly.read(from: #require(M4Hourly.folder))
    #expect(data.count == 414)
    var table = ScoreTable(season: 24)
    for (history, actual) in data {
      for method in [Baseline.naive2, .seasonalNaive, .naive, .theta] {
        table.add(method, actual: actual, history: history)
      }
    }
    let naive2 = try #require(table.scores(of: "naive2"))
    #expect(abs(naive2.symmetricPercentageError - 18.383) < 0.0005)
    #expect(abs(naive2.meanAbsoluteScaledError - 2.395) < 0.0005)
    let seasonal = try #require(table.overallWeightedAverage(of: "seasonal naive", against: "naive2"))
    #expect(abs(seasonal - 0.628) < 0.0005)
    let naive = try #require(table.overallWeightedAverage(of: "naive", against: "naive2"))
    #expect(abs(naive - 3.593) < 0.0005)
    let theta = try #require(table.scores(of: "theta"))
    // α comes from another search than the benchmark's.
    #expect(abs(theta.symmetricPercentageError - 18.138) < 0.005)
    #expect(abs(theta.meanAbsoluteScaledError - 2.455) < 0.005)
  }
}

enum M4Hourly {
  static var folder: URL? {
    var root = URL(filePath: #filePath)
    for _ in 0..<3 { root.deleteLastPathComponent() }
    return ["../shared/data/m4_hourly", "../../shared/data/m4_hourly"]
      .map { root.appending(path: $0) }
      .first { FileManager.default.fileExists(atPath: $0.appending(path: "Hourly-train.csv.gz").path) }
  }

  static func read(from folder: URL) throws -> [(history: [Double], actual: [Double])] {
    let unzip = Process()
    let pipe = Pipe()
    unzip.executableURL = URL(filePath: "/usr/bin/env")
    unzip.arguments = ["gzip", "-dc", folder.appending(path: "Hourly-train.csv.gz").path]
    unzip.standardOutput = pipe
    try unzip.run()
    let train = rows(try pipe.fileHandleForReading.readToEnd() ?? Data())
    unzip.waitUntilExit()
    let test = rows(try Data(contentsOf: folder.appending(path: "Hourly-test.csv")))
    return zip(train, test).map { ($0, $1) }
  }

  private static func rows(_ data: Data) -> [[Double]] {
    String(decoding: data, as: UTF8.self).split(separator: "\n").dropFirst().map { line in
      line.split(separator: ",").dropFirst().compactMap { cell in
        Double(cell.filter { $0 != "\"" && $0 != "\r" })
      }
    }
  }
}
