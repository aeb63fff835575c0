// swift-tools-version: 6.2
import PackageDescription

/// Measurements, a package of their own: users of the library never build them.
let package = Package(
  name: "unroll-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "unroll", path: "..")],
  targets: [
    .target(name: "CPeak"),
    .executableTarget(
      name: "recurrent", dependencies: ["CPeak", .product(name: "Unroll", package: "unroll")]),
    .executableTarget(name: "language-model", dependencies: [.product(name: "Unroll", package: "unroll")]),
    .executableTarget(name: "sequence-losses", dependencies: [.product(name: "Unroll", package: "unroll")]),
  ],
  cLanguageStandard: .c11
)
