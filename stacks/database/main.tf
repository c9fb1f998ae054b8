# The database: lives in a subnet of the network, with a password that stays sensitive on its way.

variable "subnet_id" {
  type        = string
  description = "The subnet that it lives in."
}

variable "password" {
  type        = string
  description = "The administrator's password."
  sensitive   = true
}

resource "terraform_data" "instance" {
  input = {
    subnet_id = var.subnet_id
    password  = var.password
  }
}

output "address" {
  value = "db.${var.subnet_id}.internal:5432"
}
