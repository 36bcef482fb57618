// Stands in for what the tests load and never use.
module.exports = {};
