# The libraries we build on, all Debian packages. Boost is the one versioned 1.81.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(tl-expected REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL REQUIRED)
pkg_check_modules(libarchive REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(libgit2 REQUIRED IMPORTED_TARGET libgit2>=1.5)
pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3>=3.37)  # STRICT tables

# Asio without exceptions escaping from detached completion handlers, and without its deprecated parts.
add_library(nmz_asio INTERFACE)
target_link_libraries(nmz_asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(nmz_asio INTERFACE BOOST_ASIO_NO_DEPRECATED)
