// swift-tools-version: 6.2
import PackageDescription

/// Worked examples, a package of their own: users of the library never build them.
let package = Package(
  name: "unroll-examples",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "unroll", path: "..")],
  targets: [
    .executableTarget(name: "etth1", dependencies: [.product(name: "Unroll", package: "unroll")]),
    .executableTarget(name: "own-task", dependencies: [.product(name: "Unroll", package: "unroll")]),
    .executableTarget(name: "readme", dependencies: [.product(name: "Unroll", package: "unroll")]),
    .executableTarget(name: "adding-problem", dependencies: [.product(name: "Unroll", package: "unroll")]),
  ]
)
