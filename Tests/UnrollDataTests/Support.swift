import Testing
import UnrollData

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Reads a table from text.
func table(_ text: String, name: String = "data.csv") throws(DataError) -> CSVTable {
  try CSVTable(bytes: Array(text.utf8), name: name)
}

/// Reads series from text.
func series(
  _ text: String, _ request: SeriesRequest = SeriesRequest(), name: String = "data.csv"
) throws(DataError) -> TimeSeries {
  try TimeSeries(try table(text, name: name), request)
}

/// The error that reading gives, or nil when it gives none.
func failure(_ bytes: [UInt8], _ request: SeriesRequest = SeriesRequest()) -> DataError? {
  do throws(DataError) {
    _ = try TimeSeries(try CSVTable(bytes: bytes, name: "data.csv"), request)
    return nil
  } catch { return error }
}

func failure(_ text: String, _ request: SeriesRequest = SeriesRequest()) -> DataError? {
  failure(Array(text.utf8), request)
}

/// Calls `body` with the path of a file that exists during the call.
func withFile<R>(_ bytes: [UInt8], _ body: (String) throws -> R) throws -> R {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent("unroll-\(UUID().uuidString).csv")
  try Data(bytes).write(to: url)
  defer { try? FileManager.default.removeItem(at: url) }
  return try body(url.path)
}

/// Equal lists of numbers, where NaN equals NaN.
func same(_ a: [Double], _ b: [Double]) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
}
