# The network: what the other stacks stand on. Built-in resources only, so that the demo needs no cloud and no download.

variable "region" {
  type        = string
  description = "Where the network is."
}

variable "cidr" {
  type        = string
  description = "The network's address range."

  validation {
    condition     = can(cidrhost(var.cidr, 0))
    error_message = "cidr must be an address range such as 10.0.0.0/16."
  }
}

locals {
  ranges = {
    app      = cidrsubnet(var.cidr, 8, 1)
    database = cidrsubnet(var.cidr, 8, 2)
  }
}

resource "terraform_data" "vpc" {
  input = {
    region = var.region
    cidr   = var.cidr
  }
}

resource "terraform_data" "subnet" {
  for_each = local.ranges

  input = {
    vpc_id = terraform_data.vpc.id
    cidr   = each.value
  }
}

output "zone" {
  value = "${var.region}a"
}

output "app_subnet_id" {
  value = terraform_data.subnet["app"].id
}

output "database_subnet_id" {
  value = terraform_data.subnet["database"].id
}

output "generated_password" {
  value     = sha256("demo-${terraform_data.vpc.id}")
  sensitive = true
}
